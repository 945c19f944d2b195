//! The rules of the house that no compiler knows: who may know whom, what the pure rooms leave alone, how long a file
//! may get, and that nothing in the tree knows the machine it was written on.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// Which rooms a room may know. Rooms that are not listed compose the others and know everybody.
const KNOWS: [(&str, &[&str]); 21] = [
    ("model", &[]),
    ("routing", &["model"]),
    ("twiml", &["model", "routing"]),
    ("guides", &["model"]),
    ("config", &["model"]),
    ("telemetry", &["model", "config"]),
    ("health", &["model"]),
    ("events", &["model"]),
    ("store", &["model"]),
    ("providers", &["model", "telemetry"]),
    ("journal", &["model", "store", "telemetry"]),
    ("outbox", &["model", "store", "telemetry"]),
    ("directory", &["model", "routing", "store", "telemetry"]),
    ("calls", &["model", "routing", "telemetry"]),
    ("edge", &["model", "routing", "twiml", "directory", "calls", "health", "journal", "providers", "telemetry"]),
    ("retention", &["model", "store", "journal", "providers"]),
    ("backup", &["model", "store", "journal", "config"]),
    ("provisioning", &["model", "routing", "store", "providers", "telemetry"]),
    ("preflight", &["model", "config", "telemetry", "calls", "store", "edge", "providers", "provisioning", "backup"]),
    (
        "admin",
        &[
            "model",
            "routing",
            "twiml",
            "guides",
            "store",
            "events",
            "providers",
            "provisioning",
            "retention",
            "preflight",
        ],
    ),
    ("simulator", &["model"]),
];

/// Rooms and files without clock, environment, chance, socket and waiting.
const PURE: [&str; 15] = [
    "src/model",
    "src/routing",
    "src/twiml",
    "src/guides",
    "src/admin/warnings.rs",
    "src/edge/form.rs",
    "src/edge/signature.rs",
    "src/outbox/addresses.rs",
    "src/outbox/backoff.rs",
    "src/outbox/sign.rs",
    "src/preflight/certificate.rs",
    "src/preflight/signatures.rs",
    "src/provisioning/backoff.rs",
    "src/provisioning/meter.rs",
    "src/provisioning/words.rs",
];

const NOT_PURE: [&str; 17] = [
    "SystemTime",
    "Instant::now",
    "Timestamp::now",
    "Zoned::now",
    "TimeZone::system",
    "std::env",
    "env::var",
    "std::fs",
    "TcpStream",
    "TcpListener",
    "UdpSocket",
    "std::thread",
    "getrandom",
    "tokio::",
    "reqwest",
    "async fn",
    ".await",
];

/// A file whose code, its tests left out, grows beyond this hides a second noun.
const LINES_MAX: usize = 500;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Every file below `path`, or the file itself. What others wrote or what is built from ours is left out.
fn files(path: &Path) -> Vec<PathBuf> {
    if path.ends_with("node_modules") || path.ends_with("console/dist") {
        return Vec::new();
    }
    if path.is_file() {
        return vec![path.to_owned()];
    }
    let Ok(entries) = fs::read_dir(path) else { return Vec::new() };
    let mut found: Vec<PathBuf> = entries.flat_map(|entry| files(&entry.expect("an entry").path())).collect();
    found.sort();
    found
}

/// Files of code, those that hold nothing but tests left out.
fn code_files(path: &str) -> Vec<(String, String)> {
    rust_files(path).into_iter().filter(|(file, _)| !file.ends_with("tests.rs") && !file.contains("/tests/")).collect()
}

fn rust_files(path: &str) -> Vec<(String, String)> {
    let of_rust = files(&root().join(path)).into_iter().filter(|file| file.extension().is_some_and(|end| end == "rs"));
    of_rust.map(|file| (shown(&file), fs::read_to_string(&file).expect("readable"))).collect()
}

fn shown(file: &Path) -> String {
    file.strip_prefix(root()).expect("below the root").display().to_string()
}

/// What of a file is not its tests, which may look over the fence.
fn untested(text: &str) -> &str {
    let tests = text.find("\nmod tests {");
    let begin = tests.and_then(|tests| text[..tests].rfind("#[cfg(test)]"));
    begin.map_or(text, |begin| &text[..begin])
}

/// The same without comments.
fn code(text: &str) -> String {
    untested(text).lines().map(|line| line.split("//").next().unwrap_or_default()).collect::<Vec<_>>().join("\n")
}

/// The rooms named after `crate::`, in braces too.
fn rooms_named(code: &str) -> Vec<String> {
    let word = |text: &str| text.chars().take_while(|c| c.is_ascii_lowercase() || *c == '_').collect::<String>();
    let mut named = Vec::new();
    for (at, marker) in code.match_indices("crate::") {
        let rest = &code[at + marker.len()..];
        let Some(list) = rest.strip_prefix('{') else {
            named.push(word(rest));
            continue;
        };
        let (mut depth, mut item_begins) = (0, true);
        for (place, letter) in list.char_indices() {
            match letter {
                '}' if depth == 0 => break,
                '{' => depth += 1,
                '}' => depth -= 1,
                ',' if depth == 0 => item_begins = true,
                _ if letter.is_whitespace() => {}
                _ if item_begins => {
                    named.push(word(&list[place..]));
                    item_begins = false;
                }
                _ => {}
            }
        }
    }
    named
}

/// The room a file belongs to: `src/edge/form.rs` and `src/edge.rs` to `edge`.
fn room(file: &str) -> &str {
    let inside = file.strip_prefix("src/").unwrap_or(file);
    inside.split('/').next().unwrap_or_default().trim_end_matches(".rs")
}

#[test]
fn knowledge_points_one_way() {
    let knows = BTreeMap::from(KNOWS);
    let mut back = Vec::new();
    for (file, text) in code_files("src") {
        let own = room(&file);
        let Some(allowed) = knows.get(own) else { continue };
        for named in rooms_named(&code(&text)) {
            let is_room = knows.contains_key(named.as_str()) || ["app", "cli", "main"].contains(&named.as_str());
            if is_room && named != own && !allowed.contains(&named.as_str()) {
                back.push(format!("{file} knows {named}"));
            }
        }
    }
    assert!(back.is_empty(), "arrows that run back:\n{}", back.join("\n"));
}

#[test]
fn the_table_of_who_knows_whom_has_no_circle() {
    let mut settled: Vec<&str> = Vec::new();
    while settled.len() < KNOWS.len() {
        let next = KNOWS
            .iter()
            .find(|(room, knows)| !settled.contains(room) && knows.iter().all(|known| settled.contains(known)));
        settled.push(next.unwrap_or_else(|| panic!("a circle among what is not in {settled:?}")).0);
    }
}

#[test]
fn an_arrow_is_seen_however_it_is_written() {
    let text = "use crate::model::E164;\nuse crate::{store::{self, Store}, telemetry};\nlet x = crate::app::serve();";
    assert_eq!(rooms_named(text), ["model", "store", "telemetry", "app"]);
    assert_eq!(
        rooms_named(&code("//! crate::app\nfn a() {}\n#[cfg(test)]\n#[allow(x)]\nmod tests {\n use crate::cli;\n}")),
        [""; 0]
    );
    // Tests in a file of their own end nothing: what follows their mention is code.
    assert_eq!(rooms_named(&code("#[cfg(test)]\nmod tests;\nuse crate::cli;")), ["cli"]);
}

#[test]
fn every_room_is_in_the_table_or_composes_the_others() {
    let knows = BTreeMap::from(KNOWS);
    for (file, _) in rust_files("src") {
        let own = room(&file);
        assert!(knows.contains_key(own) || ["app", "cli", "main", "lib"].contains(&own), "{file}: who may know {own}?");
    }
}

#[test]
fn pure_rooms_have_neither_clock_nor_chance_nor_socket_and_do_not_wait() {
    let mut found = Vec::new();
    for (file, text) in PURE.into_iter().flat_map(code_files) {
        let code = code(&text);
        found.extend(NOT_PURE.iter().filter(|word| code.contains(**word)).map(|word| format!("{file}: {word}")));
    }
    assert!(found.is_empty(), "not pure:\n{}", found.join("\n"));
}

#[test]
fn the_compiler_guards_the_pure_rooms_too() {
    let lib = fs::read_to_string(root().join("src/lib.rs")).expect("readable");
    for room in ["model", "routing", "twiml", "guides"] {
        let guarded = format!("#[deny(clippy::disallowed_methods)]\npub mod {room};");
        assert!(lib.contains(&guarded), "src/lib.rs must say:\n{guarded}");
    }
}

#[test]
fn no_file_hides_a_second_noun() {
    let long = rust_files("src").into_iter().filter_map(|(file, text)| {
        let lines = untested(&text).lines().count();
        (lines > LINES_MAX).then(|| format!("{file}: {lines} lines"))
    });
    let long: Vec<String> = long.collect();
    assert!(long.is_empty(), "more than {LINES_MAX} lines:\n{}", long.join("\n"));
}

#[test]
fn every_file_says_what_it_is_for() {
    for (file, text) in rust_files("src").into_iter().chain(rust_files("tests")) {
        assert!(text.starts_with("//! "), "{file} does not begin with a sentence about itself");
    }
}

#[test]
fn every_dependency_is_argued_for() {
    let manifest = fs::read_to_string(root().join("Cargo.toml")).expect("readable");
    let manifest: toml::Table = manifest.parse().expect("valid TOML");
    let page = fs::read_to_string(root().join("docs/decisions/0012-dependencies.md")).expect("readable");
    let tables = ["dependencies", "dev-dependencies"].map(|table| manifest[table].as_table().expect("a table"));
    let silent: Vec<&String> =
        tables.iter().flat_map(|table| table.keys()).filter(|name| !page.contains(&format!("`{name}`"))).collect();
    assert!(silent.is_empty(), "docs/decisions/0012-dependencies.md does not say what these are for: {silent:?}");
}

#[test]
fn every_decision_is_in_the_index() {
    let directory = root().join("docs/decisions");
    let index = fs::read_to_string(directory.join("README.md")).expect("readable");
    for page in files(&directory) {
        let name = page.file_name().unwrap_or_default().to_string_lossy().into_owned();
        assert!(name == "README.md" || index.contains(&format!("({name})")), "{name} is not in the index");
    }
}

/// What a page names in backticks as `file::test` or as a file.
fn named_in(page: &str) -> Vec<(&str, Option<&str>)> {
    let words = page.split('`').skip(1).step_by(2).filter(|word| {
        let is_path = word.starts_with("src/") || word.starts_with("tests/") || word.starts_with("docs/");
        is_path && !word.contains(' ')
    });
    words.map(|word| word.split_once("::").map_or((word, None), |(file, test)| (file, Some(test)))).collect()
}

#[test]
fn the_checklist_names_every_item_and_only_tests_that_exist() {
    let page = fs::read_to_string(root().join("docs/checklist.md")).expect("readable");
    for (sign, last) in [("000-", 22), ("001-", 27), ("002-", 17), ("003-", 10), ("004-", 9), ("C-", 36)] {
        for number in 1..=last {
            let row = format!("| {sign}{number} |");
            assert_eq!(page.matches(&row).count(), 1, "docs/checklist.md: one row begins with {row:?}");
        }
    }
    let mut missing = Vec::new();
    for (file, test) in named_in(&page) {
        let text = fs::read_to_string(root().join(file)).unwrap_or_default();
        let there = test.map_or(!text.is_empty(), |test| text.contains(&format!("fn {test}(")));
        if !there {
            missing.push(test.map_or(file.to_owned(), |test| format!("{file}::{test}")));
        }
    }
    assert!(missing.is_empty(), "docs/checklist.md names what is not there:\n{}", missing.join("\n"));
}

#[test]
fn every_link_between_pages_leads_somewhere() {
    let pages = tracked().into_iter().filter(|file| file.extension().is_some_and(|end| end == "md"));
    let mut broken = Vec::new();
    for page in pages {
        let text = fs::read_to_string(&page).expect("readable");
        for link in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let path = link.split('#').next().unwrap_or_default();
            let ours = !path.is_empty() && !path.contains("://");
            if ours && !page.parent().is_some_and(|directory| directory.join(path).exists()) {
                broken.push(format!("{}: {link}", shown(&page)));
            }
        }
    }
    assert!(broken.is_empty(), "links that lead nowhere:\n{}", broken.join("\n"));
}

#[test]
fn the_tree_knows_neither_a_machine_nor_a_registry() {
    // Spelled in pieces, or this file would be the first to be found.
    let machines = ["home", "root", "Users", "work", "mnt"].map(|directory| format!("/{directory}/"));
    let registries =
        ["crates|io", "pypi|org", "npmjs|org", "docker|io", "ghcr|io", "gcr|io", "quay|io", "rustup|rs", "debian|org"]
            .map(|host| host.replace('|', "."));
    let mut found = Vec::new();
    for file in tracked() {
        let Ok(text) = fs::read_to_string(&file) else { continue };
        for (number, line) in text.lines().enumerate() {
            let machine = machines.iter().any(|path| stands_alone(line, path));
            let registry = registries.iter().any(|host| line.contains(host.as_str()));
            if machine || registry {
                found.push(format!("{}:{}: {}", shown(&file), number + 1, line.trim()));
            }
        }
    }
    assert!(found.is_empty(), "absolute paths or registry hosts:\n{}", found.join("\n"));
}

/// Text files of the tree, save the lock file, which names where its packages come from.
fn tracked() -> Vec<PathBuf> {
    let unwanted = ["target", ".git", ".venv", "Cargo.lock", "node_modules", "patchbay-spool"];
    let entries = fs::read_dir(root()).expect("the tree");
    let wanted = entries.map(|entry| entry.expect("an entry").path()).filter(|path| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        !unwanted.iter().any(|unwanted| *unwanted == name) && !name.contains(".db")
    });
    wanted.flat_map(|path| files(&path)).filter(|file| !shown(file).contains("__pycache__")).collect()
}

/// True where an absolute path begins there, rather than a piece of a longer path or URL.
fn stands_alone(line: &str, path: &str) -> bool {
    line.match_indices(path).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        before.is_none_or(|before| !before.is_alphanumeric() && !"._-/}>)$*".contains(before))
    })
}

/// One that does is another question once a newer edge has added a column, and Postgres refuses to go on with it.
#[test]
fn no_statement_asks_for_whatever_columns_there_are() {
    let asking = code_files("src/store/sql").into_iter().filter(|(_, text)| {
        let code = code(text);
        code.contains("SELECT *") || code.contains("RETURNING *")
    });
    assert_eq!(asking.map(|(file, _)| file).collect::<Vec<_>>(), Vec::<String>::new());
}
