// What is the same wherever organizations are spoken of.

/** The organization tenants join that are given none. It cannot be deleted. */
export function isPlatform(id: string): boolean {
  return /^org_0+$/.test(id);
}

/** Where an account's SID and tokens stand, and where they are rotated. */
export const TWILIO_CONSOLE = "https://console.twilio.com/";
