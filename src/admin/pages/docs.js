// Draws /openapi.json as a page to read. Everything is put in as text, never as markup.
"use strict";

const METHODS = ["get", "post", "put", "patch", "delete"];

let schemas = {};

function element(name, attributes, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes || {})) made.setAttribute(key, value);
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
}

// Descriptions know one kind of markup: `code`.
function prose(text) {
  const parts = String(text || "").split("`");
  return parts.map((part, place) => (place % 2 ? element("code", {}, part) : document.createTextNode(part)));
}

function resolve(schema) {
  if (!schema) return {};
  if (schema.$ref) return { ...resolve(schemas[schema.$ref.split("/").pop()]), named: schema.$ref.split("/").pop() };
  const choices = schema.oneOf || schema.anyOf;
  if (choices) {
    const real = choices.find((choice) => choice.type !== "null");
    const nullable = choices.some((choice) => choice.type === "null");
    return { ...resolve(real), nullable, description: schema.description || resolve(real).description };
  }
  return schema;
}

function typeOf(given) {
  const schema = resolve(given);
  const types = [].concat(schema.type || "anything");
  const words = types.filter((type) => type !== "null").map((type) => (type === "array" ? `list of ${typeOf(schema.items)}` : type));
  let word = words.join(" or ");
  if (schema.named && word === "object") word = schema.named;
  if (schema.format) word += ` (${schema.format})`;
  if (schema.enum) word = schema.enum.map((value) => JSON.stringify(value)).join(" | ");
  return types.includes("null") || schema.nullable ? `${word} or null` : word;
}

function limits(schema) {
  const said = [];
  if (schema.minLength !== undefined) said.push(`At least ${schema.minLength} characters.`);
  if (schema.maxLength !== undefined) said.push(`At most ${schema.maxLength} characters.`);
  if (schema.minimum) said.push(`At least ${schema.minimum}.`);
  if (schema.maximum !== undefined) said.push(`At most ${schema.maximum}.`);
  // What a text for people must not hold needs no pattern to be read.
  if (schema.pattern && !["spoken", "text"].includes(schema.format)) said.push(`Of the form \`${schema.pattern}\`.`);
  return said.length ? ` ${said.join(" ")}` : "";
}

function members(given, prefix, depth, asked) {
  const schema = resolve(given);
  const list = resolve(schema.type === "array" ? schema.items : null);
  if (list.properties) return members(schema.items, `${prefix}[].`, depth, asked);
  const rows = [];
  const parts = [schema, ...(schema.allOf || []).map(resolve)];
  for (const part of parts) {
    for (const [name, member] of Object.entries(part.properties || {})) {
      const known = resolve(member);
      const must = asked && (part.required || []).includes(name);
      rows.push(
        element("tr", {},
          element("td", {}, element("code", {}, prefix + name), must ? element("span", { class: "must" }, "required") : null),
          element("td", { class: "type" }, typeOf(member)),
          element("td", {}, ...prose((member.description || known.description || "") + limits(known)))));
      const inner = known.type === "array" ? resolve(known.items) : known;
      if (depth < 3 && (inner.properties || inner.allOf)) {
        rows.push(...members(member, prefix + name + (known.type === "array" ? "" : "."), depth + 1, asked));
      }
    }
  }
  return rows;
}

function table(heads, rows) {
  const head = element("tr", {}, ...heads.map((word) => element("th", { scope: "col" }, word)));
  return element("div", { class: "scroll" }, element("table", {}, element("thead", {}, head), element("tbody", {}, ...rows)));
}

function sample(given) {
  const schema = resolve(given);
  if (schema.example !== undefined) return schema.example;
  if (schema.examples && schema.examples.length) return schema.examples[0];
  return undefined;
}

function body(content, title, asked) {
  const [type, media] = Object.entries(content || {})[0] || [];
  if (!media || !media.schema) return [];
  const rows = members(media.schema, "", 0, asked);
  const example = media.example ?? sample(media.schema);
  return [
    element("h4", {}, `${title} (${type})`),
    rows.length ? table(["Member", "Type", "What it says"], rows) : element("p", { class: "type" }, typeOf(media.schema)),
    example === undefined || asked ? null : element("pre", { tabindex: "0" }, element("code", {}, JSON.stringify(example, null, 2))),
  ];
}

// A text as a shell takes it literally.
function quoted(text) {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

// The request as somebody types it: paths and bodies from the examples, the token from the environment.
function typed({ path, method, operation }) {
  let at = path;
  for (const parameter of operation.parameters || []) {
    if (parameter.in === "path") at = at.replace(`{${parameter.name}}`, encodeURIComponent(parameter.example ?? "…"));
  }
  const words = [method === "get" ? "curl" : `curl -X ${method.toUpperCase()}`, `${location.origin}${at}`];
  const open = operation.security && operation.security.length === 0;
  if (!open) words.push(`-H "Authorization: Bearer $PATCHBAY_TOKEN"`);
  const json = operation.requestBody && operation.requestBody.content["application/json"];
  const example = json && (json.example ?? sample(json.schema));
  if (example !== undefined && example !== null) {
    words.push(`-H "Content-Type: application/json"`, `-d ${quoted(JSON.stringify(example))}`);
  }
  return `${words[0]} ${words.slice(1).join(" \\\n  ")}`;
}

function request(place) {
  const code = element("code", {}, typed(place));
  const button = element("button", { type: "button", class: "copy" }, "Copy");
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(code.textContent);
      button.textContent = "Copied";
    } catch {
      // Browsers lend the clipboard only to pages from this machine or over TLS: then it is marked, to be copied by hand.
      getSelection().selectAllChildren(code);
      button.textContent = "Marked";
    }
    setTimeout(() => { button.textContent = "Copy"; }, 2000);
  });
  return [element("div", { class: "request" }, element("h4", {}, "Request"), button), element("pre", { tabindex: "0" }, code)];
}

function parameters(operation) {
  const given = operation.parameters || [];
  if (!given.length) return [];
  const rows = given.map((parameter) =>
    element("tr", {},
      element("td", {}, element("code", {}, parameter.name), parameter.required ? element("span", { class: "must" }, "required") : null),
      element("td", { class: "type" }, parameter.in),
      element("td", {}, ...prose((parameter.description || "") + limits(resolve(parameter.schema))))));
  return [element("h4", {}, "Parameters"), table(["Name", "Where", "What it says"], rows)];
}

function answers(operation) {
  const all = Object.entries(operation.responses || {});
  const good = all.filter(([status]) => status < "400");
  const bad = all.filter(([status]) => status >= "400");
  const shown = good.flatMap(([status, response]) => {
    const drawn = body(response.content, `Answer ${status}: ${response.description}`, false);
    return drawn.length ? drawn : [element("h4", {}, `Answer ${status}: ${response.description}`)];
  });
  if (!bad.length) return shown;
  const rows = bad.map(([status, response]) => element("tr", {}, element("td", {}, status), element("td", {}, ...prose(response.description))));
  return [...shown, element("details", {}, element("summary", {}, "What can go wrong"), table(["Status", "When"], rows))];
}

function draw(place) {
  const { path, method, operation, anchor } = place;
  return element("article", { id: anchor, "data-words": `${method} ${path} ${operation.summary || ""} ${(operation.tags || []).join(" ")}`.toLowerCase() },
    element("h3", {}, operation.summary || path),
    element("p", { class: "call" }, element("span", { class: `method ${method}` }, method.toUpperCase()), element("span", { class: "path" }, path)),
    operation.description ? element("p", {}, ...prose(operation.description)) : null,
    ...request(place),
    ...parameters(operation),
    ...(operation.requestBody ? body(operation.requestBody.content, "Body", true) : []),
    ...answers(operation));
}

function show(api) {
  schemas = (api.components && api.components.schemas) || {};
  document.getElementById("title").textContent = `${api.info.title} ${api.info.version}`;
  document.getElementById("about").append(...prose(api.info.description));
  const places = Object.entries(api.paths).flatMap(([path, item]) =>
    METHODS.filter((method) => item[method]).map((method) => ({
      path, method, operation: item[method], anchor: `${method}${path}`.replace(/[^a-zA-Z0-9]+/g, "-"),
    })));
  const menu = document.getElementById("menu");
  const operations = document.getElementById("operations");
  for (const tag of api.tags || []) {
    const inside = places.filter((place) => (place.operation.tags || []).includes(tag.name));
    if (!inside.length) continue;
    menu.append(element("h2", {}, tag.name), element("ul", {}, ...inside.map((place) =>
      element("li", { "data-for": place.anchor },
        element("a", { href: `#${place.anchor}` },
          element("span", { class: `method ${place.method}` }, place.method.toUpperCase()),
          element("span", {}, place.operation.summary || place.path))))));
    operations.append(element("section", { class: "tag" },
      element("h2", {}, tag.name), element("p", {}, ...prose(tag.description)), ...inside.map(draw)));
  }
  count();
  if (location.hash) document.getElementById(location.hash.slice(1))?.scrollIntoView();
}

function count() {
  const all = document.querySelectorAll("article");
  const shown = document.querySelectorAll("article:not([hidden])").length;
  document.getElementById("status").textContent =
    shown === all.length ? `${all.length} operations.` : shown ? `${shown} of ${all.length} operations.` : "No operation has these words.";
}

function filter(words) {
  for (const article of document.querySelectorAll("article")) {
    const fits = words.toLowerCase().split(/\s+/).every((word) => article.dataset.words.includes(word));
    article.hidden = !fits;
    document.querySelector(`li[data-for="${article.id}"]`).hidden = !fits;
  }
  for (const section of document.querySelectorAll("section.tag")) section.hidden = !section.querySelector("article:not([hidden])");
  for (const list of document.querySelectorAll("#menu ul")) {
    const none = !list.querySelector("li:not([hidden])");
    list.hidden = none;
    list.previousElementSibling.hidden = none;
  }
  count();
}

// As in many references: a slash goes to the search, Escape empties it.
addEventListener("keydown", (event) => {
  const field = document.getElementById("filter");
  if (event.key === "/" && document.activeElement !== field && !event.ctrlKey && !event.metaKey) {
    event.preventDefault();
    field.focus();
  } else if (event.key === "Escape" && document.activeElement === field) {
    field.value = "";
    filter("");
  }
});

document.getElementById("filter").addEventListener("input", (event) => filter(event.target.value.trim()));

fetch("/openapi.json")
  .then((answer) => {
    if (!answer.ok) throw new Error(`the document answers ${answer.status}`);
    return answer.json();
  })
  .then(show)
  .catch((error) => {
    document.getElementById("status").textContent = `Could not draw the document: ${error.message}.`;
  });
