// The few pictures that stand beside words. They say nothing by themselves, so nobody is read them.
const PATHS = {
  search: "M7 12.5a5.5 5.5 0 1 1 0-11 5.5 5.5 0 0 1 0 11Zm4-1.5 3.5 3.5",
  menu: "M2 4h12M2 8h12M2 12h12",
  close: "M3.5 3.5l9 9m0-9l-9 9",
  code: "M5.5 4.5 2 8l3.5 3.5M10.5 4.5 14 8l-3.5 3.5",
  copy: "M5.5 5.5h8v8h-8zM3 10.5H2.5v-8h8V3",
  check: "M2.5 8.5 6 12l7.5-8",
  warn: "M8 2 14.5 13.5h-13zM8 6.5v3.2M8 11.6v.4",
  down: "M3.5 6 8 10.5 12.5 6",
  right: "M6 3.5 10.5 8 6 12.5",
  left: "M10 3.5 5.5 8 10 12.5",
  plus: "M8 2.5v11M2.5 8h11",
  phone:
    "M3.2 2.5h2.6l1 3-1.6 1.2a8 8 0 0 0 4.1 4.1l1.2-1.6 3 1v2.6c0 .5-.4.9-.9.9A10.3 10.3 0 0 1 2.3 3.4c0-.5.4-.9.9-.9Z",
  theme: "M13 9.6A5.6 5.6 0 0 1 6.4 3 5.6 5.6 0 1 0 13 9.6Z",
} as const;

type IconName = keyof typeof PATHS;

export function Icon({ name }: { name: IconName }) {
  return (
    <svg className="icon" viewBox="0 0 16 16" width="16" height="16" aria-hidden="true" focusable="false">
      <path
        d={PATHS[name]}
        fill="none"
        stroke="currentColor"
        strokeWidth="1.6"
        strokeLinecap="round"
        strokeLinejoin="round"
      />
    </svg>
  );
}
