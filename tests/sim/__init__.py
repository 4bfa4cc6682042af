"""The seeded simulation: server, clients, stores, clock and network in one process."""
