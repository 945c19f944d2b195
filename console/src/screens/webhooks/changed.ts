// What is asked again after an endpoint was changed, or something was sent.
import { useStale } from "../../ui/stale";

export function useChanged() {
  return useStale("/api/webhooks");
}
