// Questions that must be answered before anything else.
import { type ReactNode, useState } from "react";
import { Dialog as AriaDialog, Heading, Modal, ModalOverlay } from "react-aria-components";
import { words } from "../api/client";
import { Note } from "./badge";
import { Button } from "./button";
import { TextField } from "./field";
import { Icon } from "./icon";

export function Dialog({
  title,
  isOpen,
  onClose,
  children,
  wide,
}: {
  title: string;
  isOpen: boolean;
  onClose: () => void;
  children: ReactNode;
  wide?: boolean;
}) {
  return (
    <ModalOverlay className="veil" isOpen={isOpen} onOpenChange={(open) => !open && onClose()} isDismissable>
      <Modal className={wide === true ? "modal wide" : "modal"}>
        <AriaDialog className="dialog">
          <div className="row apart">
            <Heading slot="title" level={2}>
              {title}
            </Heading>
            <Button look="quiet" onPress={onClose} aria-label="Close">
              <Icon name="close" />
            </Button>
          </div>
          {children}
        </AriaDialog>
      </Modal>
    </ModalOverlay>
  );
}

/** Asks before something is done; what cannot be undone asks for its name to be typed. */
export function Confirm({
  title,
  isOpen,
  onClose,
  verb,
  deed,
  typed,
  danger,
  children,
}: {
  title: string;
  isOpen: boolean;
  onClose: () => void;
  /** What the button says. */
  verb: string;
  deed: () => Promise<unknown>;
  /** What must be typed first. */
  typed?: string;
  danger?: boolean;
  children: ReactNode;
}) {
  const [given, setGiven] = useState("");
  const [state, setState] = useState<{ busy: boolean; error?: unknown }>({ busy: false });
  const close = () => {
    setGiven("");
    setState({ busy: false });
    onClose();
  };
  const run = async () => {
    setState({ busy: true });
    try {
      await deed();
      close();
    } catch (error) {
      setState({ busy: false, error });
    }
  };
  return (
    <Dialog title={title} isOpen={isOpen} onClose={close}>
      <div className="stack">{children}</div>
      {typed !== undefined && (
        <TextField label={`Type ${typed} to confirm`} value={given} onChange={setGiven} autoComplete="off" mono />
      )}
      {state.error !== undefined && <Note tone="bad">{words(state.error)}</Note>}
      <div className="row end">
        <Button onPress={close}>Cancel</Button>
        <Button
          look={danger === true ? "danger" : "primary"}
          pending={state.busy}
          isDisabled={typed !== undefined && given.trim() !== typed}
          onPress={() => void run()}
        >
          {verb}
        </Button>
      </div>
    </Dialog>
  );
}
