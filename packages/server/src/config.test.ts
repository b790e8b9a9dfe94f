import { describe, expect, it } from "vitest";
import { ConfigError, configTable, loadConfig, publicUrlOf, SETTINGS } from "./config.ts";

describe("configuration", () => {
  it("has working defaults without any variable", () => {
    const config = loadConfig([], {});
    expect(config).toMatchObject({
      host: "127.0.0.1",
      port: 4600,
      publicUrl: null,
      adminEmail: null,
      adminPassword: null,
      apiKey: null,
      sample: true,
      limitOpsPerSecond: 50,
      limitRequestsPerSecond: 100,
      logLevel: "info",
      maxUploadBytes: 950_000_000,
      maxJsonBytes: 32_000_000,
      maxJsonDepth: 64,
      maxPages: 100_000,
      maxInflatedBytes: 1_000_000_000,
      maxPixels: 60_000_000,
    });
    expect(config.dataDir).toMatch(/\/data$/);
    expect(config.workers).toBeGreaterThanOrEqual(1);
  });

  it("takes flags over variables, and an empty variable as unset", () => {
    expect(loadConfig(["--port", "1", "--host=::1"], { LECTERN_PORT: "2", LECTERN_HOST: "0.0.0.0" })).toMatchObject({
      port: 1,
      host: "::1",
    });
    expect(loadConfig([], { LECTERN_PORT: "", LECTERN_PUBLIC_URL: "" })).toMatchObject({ port: 4600, publicUrl: null });
  });

  it.each([
    ["LECTERN_PORT", "tcp://10.0.0.1:80"],
    ["LECTERN_PORT", "65536"],
    ["LECTERN_PORT", "0x10"],
    ["LECTERN_HOST", "a host"],
    ["LECTERN_PUBLIC_URL", "documents.example.com"],
    ["LECTERN_PUBLIC_URL", "https://example.com/path"],
    ["LECTERN_PUBLIC_URL", "ftp://example.com"],
    ["LECTERN_ADMIN_EMAIL", "nobody"],
    ["LECTERN_SAMPLE", "maybe"],
    ["LECTERN_WORKERS", "0"],
    ["LECTERN_WORKERS", "1.5"],
    ["LECTERN_LIMIT_OPS_PER_SECOND", "-1"],
    ["LECTERN_LOG_LEVEL", "loud"],
    ["LECTERN_MAX_UPLOAD_BYTES", "950MB"],
    ["LECTERN_MAX_JSON_BYTES", "10"],
    ["LECTERN_MAX_JSON_DEPTH", "0"],
    ["LECTERN_MAX_PAGES", "all"],
    ["LECTERN_MAX_INFLATED_BYTES", "1e9"],
    ["LECTERN_MAX_PIXELS", "60 MP"],
  ])("refuses %s=%s with a message that names the variable and the value", (name, value) => {
    expect(() => loadConfig([], { [name]: value })).toThrow(ConfigError);
    expect(() => loadConfig([], { [name]: value })).toThrow(`${name} is ${JSON.stringify(value)}: must be `);
  });

  it("does not repeat a secret in its message", () => {
    const attempt = (env: Record<string, string>): string => {
      try {
        loadConfig([], env);
      } catch (error) {
        return (error as Error).message;
      }
      throw new Error("was accepted");
    };
    const key = attempt({ LECTERN_API_KEY: "lct_live_hush" });
    expect(key).toContain("LECTERN_API_KEY must be lct_live_ or lct_test_");
    expect(key).not.toContain("hush");
    expect(attempt({ LECTERN_ADMIN_EMAIL: "a@example.com", LECTERN_ADMIN_PASSWORD: "hush" })).not.toContain("hush");
  });

  it("wants e-mail and password of the first account together", () => {
    expect(() => loadConfig([], { LECTERN_ADMIN_EMAIL: "a@example.com" })).toThrow("LECTERN_ADMIN_PASSWORD");
    expect(() => loadConfig([], { LECTERN_ADMIN_PASSWORD: "long enough" })).toThrow("LECTERN_ADMIN_EMAIL");
  });

  it("refuses a store of files of an unknown kind, without repeating its secret", () => {
    expect(() => loadConfig([], { LECTERN_BLOBS_URL: "ftp://key:hidden@bucket" })).toThrow(/^(?!.*hidden).*LECTERN_BLOBS_URL/);
    expect(loadConfig([], { LECTERN_BLOBS_URL: "s3://bucket" }).blobsUrl).toBe("s3://bucket");
  });

  it("takes a PostgreSQL database, and a Redis beside it, and repeats neither's password", () => {
    const [databaseUrl, busUrl] = ["postgres://me:hush@db/lectern?sslmode=verify-full", "rediss://:hush@cache:6380?prefix=us"];
    expect(loadConfig([], { LECTERN_DATABASE_URL: databaseUrl, LECTERN_BUS_URL: busUrl })).toMatchObject({ databaseUrl, busUrl });
    expect(loadConfig([], {})).toMatchObject({ databaseUrl: null, busUrl: null });
    expect(() => loadConfig([], { LECTERN_BUS_URL: busUrl })).toThrow("LECTERN_DATABASE_URL");
    for (const name of ["LECTERN_DATABASE_URL", "LECTERN_BUS_URL"]) {
      expect(() => loadConfig([], { [name]: "mysql://me:hush@db" })).toThrow(`${name} must be a URL such as`);
      expect(() => loadConfig([], { [name]: "mysql://me:hush@db" })).not.toThrow("hush");
    }
  });

  it("refuses flags it does not know, and words", () => {
    expect(() => loadConfig(["--prot", "1"], {})).toThrow("--prot");
    expect(() => loadConfig(["start"], {})).toThrow("start");
  });

  it("makes the public URL of host and bound port", () => {
    expect(publicUrlOf({ publicUrl: null, host: "127.0.0.1" }, 99)).toBe("http://127.0.0.1:99");
    expect(publicUrlOf({ publicUrl: null, host: "::1" }, 99)).toBe("http://[::1]:99");
    expect(publicUrlOf({ publicUrl: null, host: "0.0.0.0" }, 99)).toBe("http://localhost:99");
    expect(publicUrlOf({ publicUrl: "https://d.example", host: "0.0.0.0" }, 99)).toBe("https://d.example");
  });

  it("prints every setting in both tables", () => {
    for (const item of Object.values(SETTINGS)) {
      expect(configTable("markdown")).toContain(item.env);
      expect(configTable("text")).toContain(`--${item.flag} `);
    }
  });
});
