/**
 * A safe subset of the scripts that forms carry: calls of the well-known AF functions, variables, and assignments of arithmetic over fields.
 * It is read into a tree here and never handed to an engine. What is beyond it is not understood as a whole: `parseScript` gives null.
 */
export type Expression =
  | { readonly kind: "literal"; readonly value: number | string | boolean | null }
  | { readonly kind: "array"; readonly items: readonly Expression[] }
  | { readonly kind: "variable"; readonly name: string }
  /** The value that the event is about. */
  | { readonly kind: "event" }
  /** The value of a field, by its full name. */
  | { readonly kind: "field"; readonly name: Expression; readonly asText: boolean }
  | { readonly kind: "call"; readonly name: string; readonly args: readonly Expression[] }
  | { readonly kind: "unary"; readonly operator: "-" | "+" | "!"; readonly operand: Expression }
  | { readonly kind: "binary"; readonly operator: string; readonly left: Expression; readonly right: Expression }
  | { readonly kind: "choice"; readonly test: Expression; readonly yes: Expression; readonly otherwise: Expression };

export type Statement =
  | { readonly kind: "call"; readonly name: string; readonly args: readonly Expression[] }
  | { readonly kind: "set"; readonly target: "event.value" | "event.rc" | { readonly variable: string }; readonly value: Expression }
  | { readonly kind: "if"; readonly test: Expression; readonly yes: readonly Statement[]; readonly otherwise: readonly Statement[] };

export type Script = readonly Statement[];

const MAX_SCRIPT = 20_000;
const MAX_DEPTH = 64;
/** Functions of values that an expression may call. */
export const PURE_FUNCTIONS = [
  "Number",
  "parseFloat",
  "parseInt",
  "String",
  "AFMakeNumber",
  "isNaN",
  "Math.round",
  "Math.floor",
  "Math.ceil",
  "Math.abs",
  "Math.min",
  "Math.max",
  "Math.pow",
  "Math.sqrt",
] as const;
export const AF_FUNCTIONS = [
  "AFNumber_Format",
  "AFNumber_Keystroke",
  "AFPercent_Format",
  "AFPercent_Keystroke",
  "AFDate_Format",
  "AFDate_FormatEx",
  "AFDate_Keystroke",
  "AFDate_KeystrokeEx",
  "AFTime_Format",
  "AFTime_FormatEx",
  "AFTime_Keystroke",
  "AFSpecial_Format",
  "AFSpecial_Keystroke",
  "AFSpecial_KeystrokeEx",
  "AFSimple_Calculate",
  "AFRange_Validate",
] as const;

/** Null: it says something that is not of the subset. */
export function parseScript(code: string): Script | null {
  if (code.length > MAX_SCRIPT) return null;
  const tokens = tokenize(code);
  if (tokens === null) return null;
  try {
    return new Parser(tokens).script();
  } catch (error) {
    if (error instanceof SubsetError) return null;
    throw error;
  }
}

class SubsetError extends Error {}

interface Token {
  readonly kind: "number" | "string" | "word" | "sign";
  readonly text: string;
  /** It begins a line. */
  readonly first: boolean;
}

const TOKEN =
  /\s+|\/\/[^\n\r]*|\/\*[\s\S]*?\*\/|(\d+\.?\d*(?:[eE][+-]?\d+)?|\.\d+)|("(?:[^"\\\n]|\\[\s\S])*"|'(?:[^'\\\n]|\\[\s\S])*')|([A-Za-z_$][\w$]*)|(===|!==|==|!=|<=|>=|&&|\|\||\+=|-=|\*=|\/=|[-+*/%()[\]{},;=<>!?:.])/y;

function tokenize(code: string): Token[] | null {
  const tokens: Token[] = [];
  const pattern = new RegExp(TOKEN);
  let at = 0;
  let first = true;
  while (at < code.length) {
    pattern.lastIndex = at;
    const match = pattern.exec(code);
    if (match === null) return null;
    at = pattern.lastIndex;
    const [text, number, string, word, sign] = match;
    if (number !== undefined) tokens.push({ kind: "number", text, first });
    else if (string !== undefined) tokens.push({ kind: "string", text: unquote(string), first });
    else if (word !== undefined) tokens.push({ kind: "word", text, first });
    else if (sign !== undefined) tokens.push({ kind: "sign", text, first });
    else {
      if (/[\n\r]/.test(text)) first = true;
      continue;
    }
    first = false;
  }
  return tokens;
}

function unquote(text: string): string {
  return text
    .slice(1, -1)
    .replace(
      /\\(?:u([0-9A-Fa-f]{4})|x([0-9A-Fa-f]{2})|([\s\S]))/g,
      (_, unicode: string | undefined, hex: string | undefined, char: string) =>
        unicode !== undefined || hex !== undefined
          ? String.fromCharCode(Number.parseInt((unicode ?? hex)!, 16))
          : ({ n: "\n", r: "\r", t: "\t" }[char] ?? char),
    );
}

/** By how tightly they bind. */
const BINARY: Readonly<Record<string, number>> = {
  "||": 1,
  "&&": 2,
  "==": 3,
  "!=": 3,
  "===": 3,
  "!==": 3,
  "<": 4,
  ">": 4,
  "<=": 4,
  ">=": 4,
  "+": 5,
  "-": 5,
  "*": 6,
  "/": 6,
  "%": 6,
};

class Parser {
  readonly #tokens: readonly Token[];
  /** Variables that hold a field. */
  readonly #fields = new Map<string, Expression>();
  #at = 0;
  #depth = 0;

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  script(): Script {
    const statements: Statement[] = [];
    while (this.#at < this.#tokens.length) statements.push(...this.#statement());
    return statements;
  }

  #peek(text: string): boolean {
    const token = this.#tokens[this.#at];
    return token !== undefined && token.kind !== "string" && token.text === text;
  }
  #take(text: string): boolean {
    if (!this.#peek(text)) return false;
    this.#at++;
    return true;
  }
  #expect(text: string): void {
    if (!this.#take(text)) throw new SubsetError();
  }
  #word(): string {
    const token = this.#tokens[this.#at++];
    if (token?.kind !== "word") throw new SubsetError();
    return token.text;
  }
  #nest<T>(read: () => T): T {
    if (++this.#depth > MAX_DEPTH) throw new SubsetError();
    const result = read();
    this.#depth--;
    return result;
  }

  #statement(): Statement[] {
    return this.#nest(() => {
      if (this.#take(";")) return [];
      if (this.#take("{")) {
        const inner: Statement[] = [];
        while (!this.#take("}")) inner.push(...this.#statement());
        return inner;
      }
      if (this.#take("if")) {
        this.#expect("(");
        const test = this.#expression();
        this.#expect(")");
        const yes = this.#statement();
        return [{ kind: "if", test, yes, otherwise: this.#take("else") ? this.#statement() : [] }];
      }
      if (this.#take("var")) {
        const found: Statement[] = [];
        do found.push(...this.#declared(this.#word()));
        while (this.#take(","));
        this.#end();
        return found;
      }
      const statement = this.#simple();
      this.#end();
      return statement;
    });
  }

  /** A semicolon, the end of a block or of the script, or a new line. */
  #end(): void {
    const next = this.#tokens[this.#at];
    if (!this.#take(";") && next !== undefined && next.text !== "}" && !next.first) throw new SubsetError();
  }

  #declared(variable: string): Statement[] {
    if (!this.#take("=")) return [{ kind: "set", target: { variable }, value: { kind: "literal", value: null } }];
    const field = this.#fieldAlone();
    if (field === null) return [{ kind: "set", target: { variable }, value: this.#expression() }];
    this.#fields.set(variable, field);
    return [];
  }

  #simple(): Statement[] {
    const start = this.#word();
    if (start === "event") {
      this.#expect(".");
      const member = this.#word();
      if (member !== "value" && member !== "rc") throw new SubsetError();
      return [this.#assigned(`event.${member}`, member === "value" ? { kind: "event" } : { kind: "literal", value: true })];
    }
    if (this.#peek("(")) {
      if (!(AF_FUNCTIONS as readonly string[]).includes(start)) throw new SubsetError();
      return [{ kind: "call", name: start, args: this.#args() }];
    }
    if (this.#peek("=")) {
      this.#at++;
      const field = this.#fieldAlone();
      if (field !== null) {
        this.#fields.set(start, field);
        return [];
      }
      return [{ kind: "set", target: { variable: start }, value: this.#expression() }];
    }
    return [this.#assigned({ variable: start }, { kind: "variable", name: start })];
  }

  #assigned(target: Extract<Statement, { kind: "set" }>["target"], before: Expression): Statement {
    const sign = this.#tokens[this.#at++]?.text ?? "";
    if (sign === "=") return { kind: "set", target, value: this.#expression() };
    if (!/^[-+*/]=$/.test(sign)) throw new SubsetError();
    return { kind: "set", target, value: { kind: "binary", operator: sign[0]!, left: before, right: this.#expression() } };
  }

  /** `this.getField("a")` without `.value`; null when something else stands here. */
  #fieldAlone(): Expression | null {
    const from = this.#at;
    const named = this.#getField();
    if (named !== null && !this.#peek(".")) return named;
    this.#at = from;
    return null;
  }

  #getField(): Expression | null {
    const from = this.#at;
    if (this.#take("this") && !this.#take(".")) throw new SubsetError();
    if (this.#take("getField")) {
      const args = this.#args();
      if (args.length !== 1) throw new SubsetError();
      return args[0]!;
    }
    this.#at = from;
    return null;
  }

  #args(): Expression[] {
    this.#expect("(");
    const args: Expression[] = [];
    if (this.#take(")")) return args;
    do args.push(this.#expression());
    while (this.#take(","));
    this.#expect(")");
    return args;
  }

  #expression(): Expression {
    return this.#nest(() => {
      const test = this.#binary(1);
      if (!this.#take("?")) return test;
      const yes = this.#expression();
      this.#expect(":");
      return { kind: "choice", test, yes, otherwise: this.#expression() };
    });
  }

  #binary(least: number): Expression {
    let left = this.#unary();
    for (;;) {
      const token = this.#tokens[this.#at];
      const strength = token?.kind === "sign" ? BINARY[token.text] : undefined;
      if (token === undefined || strength === undefined || strength < least) return left;
      this.#at++;
      left = { kind: "binary", operator: token.text, left, right: this.#binary(strength + 1) };
    }
  }

  #unary(): Expression {
    return this.#nest(() => {
      for (const operator of ["-", "+", "!"] as const) if (this.#take(operator)) return { kind: "unary", operator, operand: this.#unary() };
      return this.#primary();
    });
  }

  #primary(): Expression {
    const field = this.#getField();
    if (field !== null) return this.#member(field);
    const token = this.#tokens[this.#at++];
    if (token === undefined) throw new SubsetError();
    if (token.kind === "number") return { kind: "literal", value: Number(token.text) };
    if (token.kind === "string") return { kind: "literal", value: token.text };
    if (token.text === "(") {
      const inner = this.#expression();
      this.#expect(")");
      return inner;
    }
    if (token.text === "[") {
      const items: Expression[] = [];
      if (this.#take("]")) return { kind: "array", items };
      do items.push(this.#expression());
      while (this.#take(","));
      this.#expect("]");
      return { kind: "array", items };
    }
    if (token.kind !== "word") throw new SubsetError();
    return this.#named(token.text);
  }

  #named(word: string): Expression {
    if (word === "true" || word === "false") return { kind: "literal", value: word === "true" };
    if (word === "null" || word === "undefined") return { kind: "literal", value: null };
    if (word === "new") {
      if (this.#word() !== "Array") throw new SubsetError();
      return { kind: "array", items: this.#args() };
    }
    if (word === "event") {
      this.#expect(".");
      if (this.#word() !== "value") throw new SubsetError();
      return { kind: "event" };
    }
    const known = this.#fields.get(word);
    if (known !== undefined) return this.#member(known);
    const name = word === "Math" && this.#take(".") ? `Math.${this.#word()}` : word;
    if (this.#peek("(")) {
      if (!(PURE_FUNCTIONS as readonly string[]).includes(name)) throw new SubsetError();
      return { kind: "call", name, args: this.#args() };
    }
    if (name !== word || this.#peek(".") || this.#peek("[")) throw new SubsetError();
    return { kind: "variable", name };
  }

  #member(field: Expression): Expression {
    this.#expect(".");
    const member = this.#word();
    if (member !== "value" && member !== "valueAsString") throw new SubsetError();
    return { kind: "field", name: field, asText: member === "valueAsString" };
  }
}
