// Numbers that are being given back: their rows go, how it ends is still to be seen.
import { createContext, type ReactNode, useContext, useState } from "react";
import { Button } from "../../ui/button";
import { JobFollow } from "../../ui/job-follow";
import { Panel } from "../../ui/page";
import { useStale } from "./stale";

interface Leaving {
  name: string;
  jobId: string;
}

const Context = createContext<(leaving: Leaving) => void>(() => {});

export function useLeaving() {
  return useContext(Context);
}

/** Shows above what it holds each number that was given back from within. */
export function Leavings({ children }: { children: ReactNode }) {
  const [all, setAll] = useState<Leaving[]>([]);
  const stale = useStale("/api/jobs");
  return (
    <Context value={(one) => setAll((before) => [one, ...before])}>
      {all.map(({ name, jobId }) => (
        <Panel
          key={jobId}
          title={`${name} is given back`}
          actions={
            <Button onPress={() => setAll((before) => before.filter((one) => one.jobId !== jobId))}>Hide this</Button>
          }
        >
          <JobFollow id={jobId} onEnd={() => void stale()} />
        </Panel>
      ))}
      {children}
    </Context>
  );
}
