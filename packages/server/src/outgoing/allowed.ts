/** Which addresses of the own network may be asked although they are not public: none, all, or those of a list of ranges and names. */
import { BlockList, isIP } from "node:net";

/** true: all. A list: addresses, ranges (`10.1.0.0/16`), and names, which may have any address. */
export type AllowedPrivate = boolean | readonly string[];

export interface Allowed {
  /** IPv6 without brackets. */
  address(address: string): boolean;
  host(name: string): boolean;
}

const NAME = /^(?=.{1,253}$)[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?)*$/i;

/** Is this an address, a range or a name? */
export function isAllowedEntry(entry: string): boolean {
  const [address, bits] = entry.split("/", 2) as [string, string | undefined];
  const family = isIP(address);
  // What looks like an address must be one: 10.1.0 is a name to no one.
  if (family === 0) return bits === undefined && NAME.test(entry) && !/^[\d.]+$/.test(entry);
  return bits === undefined || (entry.split("/").length === 2 && /^\d{1,3}$/.test(bits) && Number(bits) <= (family === 4 ? 32 : 128));
}

export function allowedPrivate(allowed: AllowedPrivate): Allowed {
  if (typeof allowed === "boolean") return { address: () => allowed, host: () => allowed };
  const ranges = new BlockList();
  const names = new Set<string>();
  for (const entry of allowed) {
    const [address, bits] = entry.split("/") as [string, string | undefined];
    const family = isIP(address);
    if (family === 0) names.add(nameOf(entry));
    else ranges.addSubnet(address, Number(bits ?? (family === 4 ? 32 : 128)), family === 4 ? "ipv4" : "ipv6");
  }
  return {
    address: (address) => isIP(address) !== 0 && ranges.check(address, isIP(address) === 4 ? "ipv4" : "ipv6"),
    host: (name) => names.has(nameOf(name)),
  };
}

function nameOf(name: string): string {
  return name.toLowerCase().replace(/\.$/, "");
}
