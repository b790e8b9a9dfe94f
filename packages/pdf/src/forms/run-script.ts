/** Runs a script of the subset: pure, without loops, so it always ends. */
import {
  DATE_FORMATS,
  fitsMask,
  formatDate,
  formatNumber,
  formatSpecial,
  parseDate,
  parseNumber,
  SPECIAL_HINTS,
  TIME_FORMATS,
} from "./formats.ts";
import type { Expression, Script, Statement } from "./script.ts";

export interface ScriptInput {
  /** `event.value`. */
  readonly value: string;
  /** The text of a field by its full name; for a name above fields, theirs. Empty: there is none. */
  readonly textsOf: (name: string) => readonly string[];
}

export interface ScriptOutput {
  /** `event.value` afterwards. */
  readonly value: string;
  /** Why the value is refused; null when it is not. */
  readonly problem: string | null;
}

type Plain = number | string | boolean | null | readonly Plain[];

interface Run {
  readonly input: ScriptInput;
  readonly variables: Map<string, Plain>;
  value: Plain;
  problem: string | null;
}

export function runScript(script: Script, input: ScriptInput): ScriptOutput {
  const run: Run = { input, variables: new Map(), value: input.value, problem: null };
  for (const statement of script) execute(statement, run);
  return { value: text(run.value), problem: run.problem };
}

function execute(statement: Statement, run: Run): void {
  if (statement.kind === "if") {
    for (const inner of isTrue(evaluate(statement.test, run)) ? statement.yes : statement.otherwise) execute(inner, run);
  } else if (statement.kind === "call") {
    call(
      statement.name,
      statement.args.map((argument) => evaluate(argument, run)),
      run,
    );
  } else {
    const value = evaluate(statement.value, run);
    if (statement.target === "event.value") run.value = value;
    else if (statement.target === "event.rc") run.problem = isTrue(value) ? null : "is not accepted by the form";
    else run.variables.set(statement.target.variable, value);
  }
}

function evaluate(expression: Expression, run: Run): Plain {
  switch (expression.kind) {
    case "literal":
      return expression.value;
    case "array":
      return expression.items.map((item) => evaluate(item, run));
    case "variable":
      return run.variables.get(expression.name) ?? null;
    case "event":
      return natural(text(run.value));
    case "field": {
      const found = run.input.textsOf(text(evaluate(expression.name, run)))[0] ?? "";
      return expression.asText ? found : natural(found);
    }
    case "call":
      return pure(
        expression.name,
        expression.args.map((argument) => evaluate(argument, run)),
      );
    case "unary": {
      const operand = evaluate(expression.operand, run);
      return expression.operator === "!" ? !isTrue(operand) : expression.operator === "-" ? -number(operand) : number(operand);
    }
    case "binary":
      return binary(expression, run);
    case "choice":
      return evaluate(isTrue(evaluate(expression.test, run)) ? expression.yes : expression.otherwise, run);
  }
}

function binary({ operator, left, right }: Extract<Expression, { kind: "binary" }>, run: Run): Plain {
  const a = evaluate(left, run);
  if (operator === "&&") return isTrue(a) ? evaluate(right, run) : a;
  if (operator === "||") return isTrue(a) ? a : evaluate(right, run);
  const b = evaluate(right, run);
  switch (operator) {
    case "+":
      return typeof a === "string" || typeof b === "string" ? text(a) + text(b) : number(a) + number(b);
    case "-":
      return number(a) - number(b);
    case "*":
      return number(a) * number(b);
    case "/":
      return number(a) / number(b);
    case "%":
      return number(a) % number(b);
    case "==":
      return looselyEqual(a, b);
    case "!=":
      return !looselyEqual(a, b);
    case "===":
      return a === b;
    case "!==":
      return a !== b;
    default: {
      const [x, y] = typeof a === "string" && typeof b === "string" ? [a, b] : [number(a), number(b)];
      return operator === "<" ? x < y : operator === ">" ? x > y : operator === "<=" ? x <= y : x >= y;
    }
  }
}

function looselyEqual(a: Plain, b: Plain): boolean {
  return a === null || b === null ? a === b : typeof a === typeof b ? a === b : number(a) === number(b);
}

/** A field's value is a number when it says one. */
function natural(value: string): Plain {
  const trimmed = value.trim();
  return trimmed !== "" && /^[+-]?(?:\d+\.?\d*|\.\d+)$/.test(trimmed) ? Number(trimmed) : value;
}

function number(value: Plain): number {
  if (typeof value === "number") return value;
  if (typeof value === "boolean") return value ? 1 : 0;
  if (typeof value !== "string") return 0;
  return value.trim() === "" ? 0 : (parseNumber(value) ?? Number.NaN);
}

function isTrue(value: Plain): boolean {
  return typeof value === "number"
    ? value !== 0 && !Number.isNaN(value)
    : typeof value === "string"
      ? value !== ""
      : Array.isArray(value) || value === true;
}

/** Numbers lose the noise of their binary form; what is no number is empty. */
function text(value: Plain): string {
  if (typeof value === "string") return value;
  if (value === null) return "";
  if (typeof value === "number") {
    if (!Number.isFinite(value)) return "";
    const rounded = Math.abs(value) < 1e12 ? Math.round(value * 1e10) / 1e10 : value;
    return Object.is(rounded, -0) ? "0" : plainDigits(rounded);
  }
  return typeof value === "boolean" ? String(value) : (value as readonly Plain[]).map(text).join(",");
}

function plainDigits(value: number): string {
  const written = String(value);
  return written.includes("e-")
    ? value.toFixed(10).replace(/0+$/, "")
    : written.includes("e")
      ? value.toLocaleString("en", { useGrouping: false })
      : written;
}

function pure(name: string, args: readonly Plain[]): Plain {
  const numbers = args.map(number);
  const [first = Number.NaN, second = Number.NaN] = numbers;
  switch (name) {
    case "Number":
      return args.length === 0 ? 0 : first;
    case "AFMakeNumber":
      return args[0] === undefined || args[0] === null ? null : typeof args[0] === "string" ? parseNumber(args[0]) : first;
    case "parseFloat":
      return Number.parseFloat(text(args[0] ?? ""));
    case "parseInt":
      return Number.parseInt(text(args[0] ?? ""), 10);
    case "String":
      return text(args[0] ?? "");
    case "isNaN":
      return Number.isNaN(first);
    case "Math.pow":
      return first ** second;
    case "Math.min":
      return Math.min(...numbers);
    case "Math.max":
      return Math.max(...numbers);
    case "Math.round":
      return Math.round(first);
    case "Math.floor":
      return Math.floor(first);
    case "Math.ceil":
      return Math.ceil(first);
    case "Math.abs":
      return Math.abs(first);
    default:
      return Math.sqrt(first);
  }
}

/** The AF functions: formatters and calculations set the value, the others judge it. */
function call(name: string, args: readonly Plain[], run: Run): void {
  const value = text(run.value);
  const argument = (index: number): number => number(args[index] ?? 0);
  const refuse = (problem: string): void => {
    run.problem = problem;
  };
  if (name === "AFSimple_Calculate") {
    run.value = simple(text(args[0] ?? ""), args[1] ?? null, run.input);
    return;
  }
  if (value.trim() === "") return;
  switch (name) {
    case "AFNumber_Format":
    case "AFPercent_Format": {
      const parsed = parseNumber(value, argument(1));
      const isPercent = name === "AFPercent_Format";
      if (parsed === null) return;
      const mark = isPercent ? "%" : text(args[4] ?? "");
      run.value = formatNumber(isPercent ? parsed * 100 : parsed, {
        decimals: argument(0),
        separators: argument(1),
        negative: isPercent ? 0 : argument(2),
        currency: mark,
        currencyFirst: isTrue(args[isPercent ? 2 : 5] ?? null),
      });
      return;
    }
    case "AFNumber_Keystroke":
    case "AFPercent_Keystroke":
      if (parseNumber(value, argument(1)) === null) refuse("is not a number");
      return;
    case "AFDate_Format":
    case "AFDate_FormatEx":
    case "AFTime_Format":
    case "AFTime_FormatEx": {
      const format = formatOf(name, args);
      const parsed = parseDate(value, format);
      if (parsed !== null) run.value = formatDate(parsed, format);
      return;
    }
    case "AFDate_Keystroke":
    case "AFDate_KeystrokeEx":
    case "AFTime_Keystroke": {
      const format = formatOf(name, args);
      if (parseDate(value, format) === null) refuse(`is not written as ${format}`);
      return;
    }
    case "AFSpecial_Format":
      run.value = formatSpecial(value, argument(0)) ?? value;
      return;
    case "AFSpecial_Keystroke":
      if (formatSpecial(value, argument(0)) === null) refuse(`is not written as ${SPECIAL_HINTS[argument(0)] ?? "the form asks"}`);
      return;
    case "AFSpecial_KeystrokeEx":
      if (!fitsMask(value, text(args[0] ?? ""))) refuse(`is not written as ${text(args[0] ?? "")}`);
      return;
    case "AFRange_Validate": {
      const parsed = parseNumber(value);
      if (parsed === null) return;
      const [hasLeast, least, hasMost, most] = [isTrue(args[0] ?? null), argument(1), isTrue(args[2] ?? null), argument(3)];
      if ((hasLeast && parsed < least) || (hasMost && parsed > most))
        refuse(
          hasLeast && hasMost ? `must be from ${least} to ${most}` : hasLeast ? `must be at least ${least}` : `must be at most ${most}`,
        );
    }
  }
}

/** The pattern that a call of a date or time function names. */
export function formatOf(name: string, args: readonly Plain[]): string {
  const [first = null] = args;
  if (name.endsWith("Ex")) return text(first);
  const table: readonly string[] = name.startsWith("AFTime") ? TIME_FORMATS : DATE_FORMATS;
  return table[number(first)] ?? table[0]!;
}

/** An empty field counts as 0, like everywhere else. */
function simple(operation: string, names: Plain, { textsOf }: ScriptInput): number | string {
  const list = Array.isArray(names)
    ? names.map(text)
    : text(names)
        .split(",")
        .map((each) => each.trim());
  const numbers = list
    .filter((each) => each !== "")
    .flatMap(textsOf)
    .map((each) => parseNumber(each) ?? 0);
  if (numbers.length === 0) return operation === "PRD" ? 1 : 0;
  const sum = numbers.reduce((total, each) => total + each, 0);
  const result =
    operation === "SUM"
      ? sum
      : operation === "AVG"
        ? sum / numbers.length
        : operation === "PRD"
          ? numbers.reduce((product, each) => product * each, 1)
          : operation === "MIN"
            ? Math.min(...numbers)
            : operation === "MAX"
              ? Math.max(...numbers)
              : Number.NaN;
  return Number.isFinite(result) ? Math.round(result * 1e6) / 1e6 : "";
}
