import { expect, it } from "vitest";
import { splitPassword } from "./backup.ts";

it.each([
  ["postgres://ann:s%3Acr%40t@db:5432/lectern?sslmode=require", "postgres://ann@db:5432/lectern?sslmode=require", "s:cr@t"],
  ["postgres://ann@db/lectern?password=secret&sslmode=require", "postgres://ann@db/lectern?sslmode=require", "secret"],
  ["postgres://ann@db/lectern", "postgres://ann@db/lectern", null],
])("the password of %s is no argument of another program", (given, url, password) => {
  expect(splitPassword(given)).toEqual({ url, password });
});
