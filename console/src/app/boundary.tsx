// A fault in one screen takes away that screen, not the console.
import { Component, type ReactNode } from "react";
import { Button } from "../ui/button";
import { Empty } from "../ui/states";

export class Boundary extends Component<{ children: ReactNode }, { failed: boolean }> {
  override state = { failed: false };

  static getDerivedStateFromError() {
    return { failed: true };
  }

  override render() {
    if (!this.state.failed) return this.props.children;
    const action = <Button onPress={() => window.location.reload()}>Load the page again</Button>;
    return (
      <Empty title="This page broke" action={action}>
        A new version of patchbay may have been started meanwhile. If it stays so after loading again, tell whoever runs
        it what you did.
      </Empty>
    );
  }
}
