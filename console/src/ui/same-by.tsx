// The same deed without the console: as a command, and as a request to the API.
import { Button as AriaButton, Dialog, DialogTrigger, Popover } from "react-aria-components";
import { Code } from "./copy";
import { Icon } from "./icon";
import { quoted } from "./shell";

export interface Request {
  method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  path: string;
  body?: unknown;
}

export function SameBy({ cli, request }: { cli?: string | undefined; request: Request }) {
  return (
    <DialogTrigger>
      <AriaButton className="button quiet" aria-label="The same by command or API">
        <Icon name="code" />
      </AriaButton>
      <Popover className="popover" placement="bottom end">
        <Dialog className="dialog" aria-label="The same by command or API">
          {cli !== undefined && (
            <div className="stack tight">
              <h3>Command</h3>
              <Code what="the command" text={cli} wrap />
            </div>
          )}
          <div className="stack tight">
            <h3>API</h3>
            <Code what="the request" text={curl(request)} wrap />
          </div>
          <p className="small soft">
            Both take the token from <code>PATCHBAY_TOKEN</code>. More in the <a href="/docs">reference</a>.
          </p>
        </Dialog>
      </Popover>
    </DialogTrigger>
  );
}

function curl({ method, path, body }: Request): string {
  const head = method === "GET" ? "curl" : `curl -X ${method}`;
  const lines = [`${head} ${quoted(`${window.location.origin}${path}`)}`, `-H "Authorization: Bearer $PATCHBAY_TOKEN"`];
  if (body !== undefined) {
    lines.push(`-H "Content-Type: application/json"`, `-d ${quoted(JSON.stringify(body))}`);
  }
  return lines.join(" \\\n  ");
}
