// Turns left and right into start and end, so that a page with dir="rtl" is mirrored: GOV.UK Frontend writes its
// components with physical sides. Reads a stylesheet, writes it to standard output.
import { readFileSync } from "node:fs";

const css = readFileSync(process.argv[2], "utf8");
const start = (side) => (side === "left" ? "start" : "end");

process.stdout.write(
  css
    .replace(/(?<=[{;])(margin|padding)-(left|right):/g, (_, box, side) => `${box}-inline-${start(side)}:`)
    .replace(/(?<=[{;])border-(left|right)(-(?:color|style|width))?:/g, (_, side, what = "") => `border-inline-${start(side)}${what}:`)
    .replace(/(?<=[{;])border-(top|bottom)-(left|right)-radius:/g, (_, block, side) => `border-${block === "top" ? "start" : "end"}-${start(side)}-radius:`)
    .replace(/(?<=[{;])(left|right):/g, (_, side) => `inset-inline-${start(side)}:`)
    .replace(/(?<=[{;])text-align:(left|right)(?=[;}! ])/g, (_, side) => `text-align:${start(side)}`)
    .replace(/(?<=[{;])(float|clear):(left|right)(?=[;}! ])/g, (_, what, side) => `${what}:inline-${start(side)}`),
);
