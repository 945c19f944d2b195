// A value that lags behind: for what is asked of the server while somebody types on.
import { useEffect, useState } from "react";

/** The value once it has stood still for that long. */
export function useRested<T>(value: T, ms: number): T {
  const [rested, setRested] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => setRested(value), ms);
    return () => clearTimeout(timer);
  }, [value, ms]);
  return rested;
}
