// What is asked of a screen, kept in its address: a link to it is the question itself.
import { useCallback, useEffect, useRef, useState } from "react";
import { useSearchParams } from "wouter";

export type Asked = Record<string, string | undefined>;

/** The query of the address, and how to change parts of it. What is empty is left out. */
export function useInUrl(): [URLSearchParams, (change: Asked) => void] {
  const [params, setParams] = useSearchParams();
  const change = useCallback(
    (asked: Asked) => setParams((before) => changed(before, asked), { replace: true }),
    [setParams],
  );
  return [params, change];
}

export function changed(before: URLSearchParams, asked: Asked): URLSearchParams {
  const after = new URLSearchParams(before);
  for (const [name, value] of Object.entries(asked)) {
    if (value === undefined || value === "") after.delete(name);
    else after.set(name, value);
  }
  return after;
}

/** Nothing is asked while somebody types on. */
const PAUSE_MS = 250;

/** A field whose text goes into the address once its writer rests; a link or the back button changes it too. */
export function useTyped(name: string): [typed: string, type: (text: string) => void] {
  const [params, change] = useInUrl();
  const inUrl = params.get(name) ?? "";
  const [typed, setTyped] = useState(inUrl);
  const sent = useRef(inUrl);

  useEffect(() => {
    if (inUrl === sent.current) return;
    sent.current = inUrl;
    setTyped(inUrl);
  }, [inUrl]);

  useEffect(() => {
    const text = typed.trim();
    if (text === sent.current) return;
    const timer = setTimeout(() => {
      sent.current = text;
      change({ [name]: text });
    }, PAUSE_MS);
    return () => clearTimeout(timer);
  }, [typed, name, change]);

  return [typed, setTyped];
}
