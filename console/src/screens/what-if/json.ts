// What is wrong with a text that should be an object of JSON, and in which line.
import { isRecord } from "../../ui/record";

export function faultOfJson(text: string): string | undefined {
  if (text.trim() === "") return "Nothing is written here";
  try {
    return isRecord(JSON.parse(text)) ? undefined : "This must be an object: { … }";
  } catch (error) {
    return `This is no JSON${placeOf(error, text)}`;
  }
}

/** Engines tell the place in words of their own, if at all. */
function placeOf(error: unknown, text: string): string {
  const said = error instanceof Error ? error.message : "";
  const line = /line (\d+)/.exec(said)?.[1];
  if (line !== undefined) return `: look at line ${line}`;
  const position = /position (\d+)/.exec(said)?.[1];
  if (position !== undefined) return `: look at line ${text.slice(0, Number(position)).split("\n").length}`;
  return said.includes("end of") || said.includes("end") ? ": it ends too early" : "";
}
