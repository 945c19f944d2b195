// Numbers as people read them. What is dialled stays E.164.

/** `+1 647 555 0123`; what is none stays as it is. */
export function phone(raw: string): string {
  const north = /^\+1(\d{3})(\d{3})(\d{4})$/.exec(raw);
  if (north !== null) return `+1 ${north[1]} ${north[2]} ${north[3]}`;
  const other = /^\+(\d{2})(\d{3})(\d{3})(\d+)$/.exec(raw);
  return other === null ? raw : `+${other[1]} ${other[2]} ${other[3]} ${other[4]}`;
}

/** `1,234` */
export function count(value: number): string {
  return value.toLocaleString();
}

/** `1 call`, `14 calls` */
export function counted(value: number, one: string, many = `${one}s`): string {
  return `${count(value)} ${value === 1 ? one : many}`;
}

/** What was called: a number, or the user part of a SIP address with its host. */
export function called(raw: string): string {
  return phone(raw.replace(/^sips?:/i, ""));
}
