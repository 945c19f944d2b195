// The slug that is proposed for a name.

/** Letters as they are typed without marks, everything else a dash; nothing a slug may not be. */
export function slugOf(name: string): string {
  const plain = name
    .normalize("NFD")
    .replace(/\p{M}/gu, "")
    .toLowerCase()
    .replace(/[’']/g, "")
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-+|-+$/g, "")
    .slice(0, 63)
    .replace(/-+$/, "");
  // `clinic-…` is an alias of every tenant, and digits alone are a number.
  if (plain.startsWith("clinic-")) return plain.replace(/^clinic-+/, "the-clinic-").slice(0, 63);
  return /^\d{7,}$/.test(plain) ? `t-${plain}` : plain;
}
