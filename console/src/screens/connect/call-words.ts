// Which numbers to call to see whether calls arrive, and what to look at where none does.
import type { GuideMethod, PhoneIntegration } from "../../api/schema";

export interface Place {
  number: string;
  what: string;
}

/** The number callers know comes first: only it shows that the whole way works. */
export function callable(known: PhoneIntegration | null, owned: string[]): Place[] {
  const places: Place[] = [];
  const add = (number: string | undefined, what: string) => {
    if (number !== undefined && !places.some((place) => place.number === number)) places.push({ number, what });
  };
  if (known?.setupCompletedAt !== undefined) {
    if (known.method === "ported") add(known.phoneNumber, "the number that has moved");
    if (known.method === "forwarded") add(known.clinicNumber, "the number callers know: shows that it is forwarded");
    if (known.method === "sip")
      add(known.clinicNumber, "the number callers know: shows that its phone system sends it on");
  }
  add(known?.temporaryNumber, "the temporary number, without its carrier");
  add(known?.twilioForwardNumber ?? known?.twilioSipNumber, "our number, without its carrier");
  for (const number of owned) add(number, "leads here directly");
  return places.slice(0, 4);
}

/** The usual causes, the likeliest first. */
export function causes(method: GuideMethod | undefined, known: PhoneIntegration | null): string[] {
  const first: string[] = [];
  if (known !== null && known.setupCompletedAt === undefined) first.push("It is not set up yet: deploy it.");
  if (method === "forwarded") {
    first.push(
      "The carrier has not switched forwarding on yet, or only for calls that nobody answers: let it ring longer, or ask it.",
      "You called from a phone of the business: phones of one system are often connected without the carrier.",
    );
  }
  if (method === "sip") {
    first.push(
      "The phone system does not send this call here: look at its routes, and whether its hours send it to staff.",
      "Name or password does not fit: Twilio refuses the call before it gets here. Its log of errors says 403 or 32202.",
      "It calls another host: it must be exactly the SIP server above.",
    );
  }
  if (method === "ported") {
    first.push("The number has not come yet: look how far its move is.");
  }
  first.push(
    "The number leads elsewhere at Twilio: look where it really leads, under Numbers.",
    "Twilio cannot reach the public address, or signs another one than is set: Settings check tells.",
    "Our own number arrives, the known one does not: then the cause is at the carrier or the phone system.",
  );
  return first;
}
