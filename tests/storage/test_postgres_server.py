"""The PostgreSQL that the storage tests run on."""

import psycopg


def test_each_test_has_an_empty_database(postgres_url: str) -> None:
    with psycopg.connect(postgres_url) as connection:
        connection.execute("CREATE TABLE message (seq bigint)")
        row = connection.execute("SELECT count(*), current_database() FROM message").fetchone()
    assert row is not None
    assert row[0] == 0
    assert row[1].startswith("kentong_test_")
