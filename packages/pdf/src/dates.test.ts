import { expect, test } from "vitest";
import { dateMillis, isoDate, pdfDate } from "./dates.ts";

test.each([
  ["D:20240203040506+01'00'", "2024-02-03T03:05:06.000Z"],
  ["D:20240203040506-0230", "2024-02-03T06:35:06.000Z"],
  ["D:20240203040506Z", "2024-02-03T04:05:06.000Z"],
  ["20240203", "2024-02-03T00:00:00.000Z"],
  ["D:2024", "2024-01-01T00:00:00.000Z"],
  ["2024-02-03T04:05:06+01:00", "2024-02-03T03:05:06.000Z"],
])("%s is %s", (text, iso) => {
  expect(isoDate(text)).toBe(iso);
});

test("what is no date is none", () => {
  for (const text of ["", "yesterday", "D:20241350", "D:20240203250000", "D:"]) expect(isoDate(text), text).toBeNull();
});

test("a date that we write is read as the same second", () => {
  const millis = Date.UTC(2031, 11, 31, 23, 59, 58);
  expect(pdfDate(millis)).toBe("D:20311231235958Z");
  expect(dateMillis(pdfDate(millis))).toBe(millis);
});
