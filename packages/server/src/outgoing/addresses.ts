/** Which IP addresses belong to the public internet. What is not listed as special by IANA is public; addresses that carry an IPv4 one count as that. */
import { BlockList, isIP } from "node:net";

const SPECIAL_4 = [
  "0.0.0.0/8",
  "10.0.0.0/8",
  "100.64.0.0/10",
  "127.0.0.0/8",
  "168.63.129.16/32", // Azure's own services, though of a public range
  "169.254.0.0/16",
  "172.16.0.0/12",
  "192.0.0.0/24",
  "192.0.2.0/24",
  "192.31.196.0/24",
  "192.52.193.0/24",
  "192.88.99.0/24",
  "192.168.0.0/16",
  "192.175.48.0/24",
  "198.18.0.0/15",
  "198.51.100.0/24",
  "203.0.113.0/24",
  "224.0.0.0/4",
  "240.0.0.0/4",
];
/** Of 2000::/3, outside of which nothing is public. */
const SPECIAL_6 = ["2001::/23", "2001:db8::/32", "2620:4f:8000::/48", "3fff::/20"];

/** `address`: as a resolver gives it, IPv6 without brackets. What is no address is not public. */
export function isPublicAddress(address: string): boolean {
  const plain = address.split("%")[0]!;
  switch (isIP(plain)) {
    case 4:
      return !listed(plain, "ipv4");
    case 6: {
      const inner = carriedAddress(plain);
      if (inner !== null) return isPublicAddress(inner);
      return GLOBAL_6.check(plain, "ipv6") && !listed(plain, "ipv6");
    }
    default:
      return false;
  }
}

const GLOBAL_6 = ranges(["2000::/3"]);
const SPECIAL = ranges([...SPECIAL_4, ...SPECIAL_6]);

function ranges(all: readonly string[]): BlockList {
  const list = new BlockList();
  for (const range of all) {
    const [address, bits] = range.split("/") as [string, string];
    list.addSubnet(address, Number(bits), address.includes(":") ? "ipv6" : "ipv4");
  }
  return list;
}

function listed(address: string, family: "ipv4" | "ipv6"): boolean {
  return SPECIAL.check(address, family);
}

/** The IPv4 address in a mapped (::ffff:0:0/96), compatible (::/96), translated (64:ff9b::/96) or 6to4 (2002::/16) one. */
function carriedAddress(address: string): string | null {
  const words = wordsOf(address);
  const quad = (high: number, low: number): string => [high >> 8, high & 255, low >> 8, low & 255].join(".");
  if (words[0] === 0x2002) return quad(words[1]!, words[2]!);
  const head = words
    .slice(0, 6)
    .map((word) => word.toString(16))
    .join(":");
  const carries = ["0:0:0:0:0:ffff", "0:0:0:0:ffff:0", "0:0:0:0:0:0", "64:ff9b:0:0:0:0"].includes(head);
  return carries ? quad(words[6]!, words[7]!) : null;
}

/** The eight words of an IPv6 address. */
function wordsOf(address: string): number[] {
  const hex = address.replace(/(\d+)\.(\d+)\.(\d+)\.(\d+)$/, (_all, ...parts: string[]) => {
    const [a, b, c, d] = parts.slice(0, 4).map(Number) as [number, number, number, number];
    return `${((a << 8) | b).toString(16)}:${((c << 8) | d).toString(16)}`;
  });
  const [head = "", tail] = hex.split("::");
  const parse = (part: string): number[] => (part === "" ? [] : part.split(":").map((word) => Number.parseInt(word, 16)));
  if (tail === undefined) return parse(head);
  const [before, after] = [parse(head), parse(tail)];
  return [...before, ...Array.from({ length: 8 - before.length - after.length }, () => 0), ...after];
}
