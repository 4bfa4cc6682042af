import { readFileSync } from "node:fs";
import { expect, test } from "vitest";

const PAGE = readFileSync("src/ui/styles/page.css", "utf8");

/** What stands between the braces behind `selector`, line by line. */
function listed(selector: string): string[] {
  const [, list = ""] = PAGE.split(`${selector} {`);
  return list
    .slice(0, list.indexOf("}"))
    .split("\n")
    .map((line) => line.trim());
}

test("dark is the same whether the system or the reader wants it", () => {
  const wanted = listed(':root[data-theme="dark"]');
  expect(wanted.length).toBeGreaterThan(10);
  expect(listed(':root:not([data-theme="light"])')).toEqual(wanted);
});
