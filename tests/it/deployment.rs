//! What `config/` offers for running many edges, held against the binary and against itself: settings that exist, ports
//! and names that agree, files that are there, and no alert or picture that asks for what `/metrics` does not show.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use patchbay::config::Settings;
use patchbay::edge::Limits;
use regex::Regex;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::binary::{Process, WITH_ACCOUNTS};
use crate::rig::OPERATOR;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn text(file: &str) -> String {
    fs::read_to_string(root().join(file)).unwrap_or_else(|error| panic!("{file}: {error}"))
}

fn yaml(file: &str) -> Value {
    serde_saphyr::from_str(&text(file)).unwrap_or_else(|error| panic!("{file}: {error}"))
}

fn pattern(text: &str) -> Regex {
    Regex::new(text).expect("a pattern")
}

/// Every first group of a pattern in a text.
fn found(text: &str, wanted: &str) -> Vec<String> {
    pattern(wanted).captures_iter(text).map(|groups| groups[1].to_owned()).collect()
}

fn texts(list: &Value) -> Vec<&str> {
    list.as_array().into_iter().flatten().map(|item| item.as_str().expect("a text")).collect()
}

/// The services of the composition that run patchbay, by name.
fn edges(compose: &Value) -> BTreeMap<&str, &Value> {
    let services = compose["services"].as_object().expect("services");
    let ours =
        services.iter().filter(|(_, service)| service["image"].as_str().expect("an image").contains("patchbay:"));
    ours.map(|(name, service)| (name.as_str(), service)).collect()
}

/// A variable as compose fills it in: `${NAME:?what to do}` and `${NAME:-}`, with something of the right kind.
fn filled_in(value: &str) -> String {
    let sample = |name: &str| match name {
        "PATCHBAY_PUBLIC_URL" => "https://edge.example.com",
        "PATCHBAY_SECRETS_KEY" => "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
        "TWILIO_ACCOUNT_SID" => "AC00000000000000000000000000000001",
        _ => "an-invented-value",
    };
    pattern(r"\$\{(\w+):([?-])[^}]*\}")
        .replace_all(value, |groups: &regex::Captures<'_>| if &groups[2] == "?" { sample(&groups[1]) } else { "" })
        .into_owned()
}

#[test]
fn every_edge_of_the_composition_has_settings_that_the_binary_takes() {
    let compose = yaml("config/compose.yaml");
    let edges = edges(&compose);
    assert_eq!(edges.keys().copied().collect::<Vec<_>>(), ["edge1", "edge2", "edge3"]);
    for (name, edge) in &edges {
        let environment = edge["environment"].as_object().expect("an environment");
        let given = environment.iter().map(|(key, value)| (key.clone(), filled_in(value.as_str().expect("a text"))));
        // A name without `__` is no setting, but five that are known from elsewhere: anything else would be passed over.
        let stray: Vec<&String> =
            environment.keys().filter(|key| key.starts_with("PATCHBAY_") && !key.contains("__")).collect();
        assert!(stray.is_empty(), "{name}: no settings: {stray:?}");
        if let Err(faults) = Settings::load(None, given) {
            // Where this build has no Postgres and no Redis it says so; of everything else it has nothing to say.
            let others: Vec<String> = faults.0.iter().map(ToString::to_string).collect();
            let others: Vec<&String> =
                others.iter().filter(|fault| !fault.contains("not supported by this build yet")).collect();
            assert!(others.is_empty(), "{name}: {others:?}");
        }
        assert!(environment["PATCHBAY_STORE__URL"].as_str().is_some_and(|url| url.starts_with("postgres://")));
        assert!(environment["PATCHBAY_LIVE__URL"].as_str().is_some_and(|url| url.starts_with("redis://")));
    }
}

#[test]
fn a_setting_that_does_not_exist_would_be_found() {
    let misspelt = [("PATCHBAY_EDGE__LISTNE".to_owned(), "0.0.0.0:8080".to_owned())];
    let faults = Settings::load(None, misspelt.into_iter()).expect_err("there is no such setting");
    assert!(faults.to_string().contains("edge.listen"), "{faults}");
}

#[test]
fn no_secret_has_a_value_or_a_default_and_the_example_lists_them_all() {
    let compose = text("config/compose.yaml");
    let asked: BTreeSet<String> = found(&compose, r"\$\{(\w+)").into_iter().collect();
    let required: BTreeSet<String> = found(&compose, r"\$\{(\w+):\?[^}]").into_iter().collect();
    let with_default = found(&compose, r"(\$\{\w+:?-[^}]+\}|\$\{\w+\}|\$\w+)");
    // `$$` is compose's way to write one for the shell inside.
    let with_default: Vec<String> = with_default.into_iter().filter(|text| text != "$REDISCLI_AUTH").collect();
    assert!(with_default.is_empty(), "a default, or nothing said where it is missing: {with_default:?}");
    for secret in ["PATCHBAY_ADMIN_TOKEN", "PATCHBAY_SECRETS_KEY", "PATCHBAY_DATABASE_PASSWORD", "POSTGRES_PASSWORD"] {
        assert!(required.contains(secret), "{secret} may be missing");
    }
    for secret in ["PATCHBAY_LEDGER_PASSWORD", "GRAFANA_ADMIN_PASSWORD", "TWILIO_AUTH_TOKEN", "VAPI_WEBHOOK_SECRET"] {
        assert!(required.contains(secret), "{secret} may be missing");
    }
    let document = yaml("config/compose.yaml");
    let services = document["services"].as_object().expect("services").iter();
    let variables = services.flat_map(|(_, service)| service["environment"].as_object().into_iter().flatten());
    for (name, value) in variables {
        let is_secret = pattern("PASSWORD|SECRET|TOKEN|API_KEY|_AUTH$").is_match(name) && !name.ends_with("_SID");
        let value = value.as_str().expect("a text");
        assert!(!is_secret || pattern(r"^\$\{\w+:[?-]").is_match(value), "{name} has a value of its own");
    }

    let example = text("config/compose.env.example");
    let (first, second) = example.split_once("# May stay empty.").expect("two parts");
    let names = |part: &str| found(part, r"(?m)^(\w+)=$").into_iter().collect::<BTreeSet<String>>();
    assert_eq!(names(first), required, "the first part holds what must be given");
    assert_eq!(names(second), &asked - &required, "the second part holds what may be");
    assert!(!pattern(r"(?m)^\w+=.").is_match(&example), "a value in the example");
}

#[test]
fn every_file_that_is_mounted_is_there_and_no_two_edges_share_a_spool() {
    let compose = yaml("config/compose.yaml");
    let services = compose["services"].as_object().expect("services");
    let volumes = compose["volumes"].as_object().expect("volumes");
    let mut spools = BTreeSet::new();
    for (name, service) in services {
        for mount in texts(&service["volumes"]) {
            if mount.starts_with("${") {
                continue;
            }
            let from = mount.split(':').next().expect("where from");
            if from.starts_with('.') {
                assert!(root().join("config").join(from).exists(), "{name} mounts {from}, which is not there");
            } else {
                assert!(volumes.contains_key(from), "{name} mounts a volume that is not declared: {from}");
            }
        }
    }
    for (name, edge) in edges(&compose) {
        let mounts = texts(&edge["volumes"]);
        let spool = mounts.iter().find_map(|mount| mount.strip_suffix(":/data")).expect("a volume for the spool");
        assert!(spools.insert(spool), "{name} shares {spool}");
        assert!(edge["environment"]["PATCHBAY_SPOOL__DIR"].as_str().is_some_and(|dir| dir.starts_with("/data/")));
    }
    // The image is named by the version it is built from.
    let image = concat!("patchbay:", env!("CARGO_PKG_VERSION"));
    assert_eq!(edges(&compose)["edge1"]["image"], image);
    let context = root().join("config").join(edges(&compose)["edge1"]["build"]["context"].as_str().expect("a context"));
    assert!(context.join("Dockerfile").is_file());
}

#[test]
fn ports_names_and_addresses_agree() {
    let compose = yaml("config/compose.yaml");
    let haproxy = text("config/haproxy.cfg");
    let prometheus = yaml("config/prometheus.yml");
    let edges = edges(&compose);
    let port = |edge: &Value, name: &str| {
        let listen = edge["environment"][name].as_str().expect("where it listens");
        listen.rsplit(':').next().expect("a port").to_owned()
    };
    let at = |name: &str| -> BTreeSet<String> {
        edges.iter().map(|(edge, service)| format!("{edge}:{}", port(service, name))).collect()
    };
    let backend = |name: &str| -> BTreeSet<String> {
        let section = haproxy.split(&format!("\nbackend {name}\n")).nth(1).expect("the backend");
        let section = section.split("\n\n").next().expect("its end");
        found(section, r"(?m)^    server \S+ (\S+) check$").into_iter().collect()
    };
    let (calls, admin) = (at("PATCHBAY_EDGE__LISTEN"), at("PATCHBAY_ADMIN__LISTEN"));
    assert_eq!(backend("edges"), calls);
    assert_eq!(backend("edges_alive"), calls);
    assert_eq!(backend("admins"), admin);

    let jobs = prometheus["scrape_configs"].as_array().expect("jobs");
    let targets = |job: &str| -> BTreeSet<String> {
        let job = jobs.iter().find(|known| known["job_name"] == job).unwrap_or_else(|| panic!("no job {job}"));
        texts(&job["static_configs"][0]["targets"]).into_iter().map(str::to_owned).collect()
    };
    assert_eq!(targets("patchbay"), admin);
    let listens: BTreeSet<String> = found(&haproxy, r"(?m)^    bind :(\d+)").into_iter().collect();
    assert!(targets("haproxy").iter().all(|target| listens.contains(target.trim_start_matches("haproxy:"))));
    for published in texts(&compose["services"]["haproxy"]["ports"]) {
        let inside = published.rsplit(':').next().expect("a port");
        assert!(listens.contains(inside), "HAProxy does not listen on {inside}");
    }

    // Whose word on the caller's address counts is HAProxy, and where it is is fixed.
    let address = compose["services"]["haproxy"]["networks"]["inside"]["ipv4_address"].as_str().expect("an address");
    for edge in edges.values() {
        assert_eq!(edge["environment"]["PATCHBAY_EDGE__TRUSTED_PROXIES"], address);
        assert!(edge.get("ports").is_none(), "an edge is reached past HAProxy");
    }
    let loopback = |service: &str| {
        let ports = texts(&compose["services"][service]["ports"]).into_iter();
        ports.filter(|port| !port.starts_with("127.0.0.1:")).map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(loopback("haproxy"), ["443:8443", "80:8080"]);
    for service in ["prometheus", "grafana", "postgres", "valkey"] {
        assert!(loopback(service).is_empty(), "{service} is published to the world");
    }
    let rules = found(&text("config/alerts.yml"), r#"haproxy_server_status\{proxy="(\w+)""#);
    assert!(rules.iter().all(|name| haproxy.contains(&format!("\nbackend {name}\n"))), "{rules:?}");
}

#[test]
fn whoever_stops_an_edge_waits_for_as_long_as_it_takes() {
    // What `Running::stop` waits for, one after the other.
    let code = text("src/app/mod.rs") + &text("src/app/background.rs");
    let waits = found(&code, r"const \w+_DEADLINE: Duration = Duration::from_secs\((\d+)\);");
    assert_eq!(waits.len(), 4, "another wait at the end: {waits:?}");
    let longest: u64 = waits.iter().map(|secs| secs.parse::<u64>().expect("a number")).sum();
    let compose = yaml("config/compose.yaml");
    for (name, edge) in edges(&compose) {
        let grace = edge["stop_grace_period"].as_str().and_then(|text| text.strip_suffix('s')).expect("seconds");
        assert!(grace.parse::<u64>().expect("a number") > longest, "{name}: {grace} s, and {longest} s are needed");
    }
    let unit = text("config/systemd/patchbay.service");
    let grace = found(&unit, r"(?m)^TimeoutStopSec=(\d+)$");
    assert!(grace[0].parse::<u64>().expect("a number") > longest, "{grace:?}");
    // HAProxy, where an edge's answer is still awaited.
    let haproxy = text("config/haproxy.cfg");
    let seconds =
        |name: &str| -> u64 { found(&haproxy, &format!(r"(?m)^    {name} (\d+)s$"))[0].parse().expect("a number") };
    assert!(seconds("timeout server") < 15, "Twilio gives up after 15 s");
    assert!(seconds("hard-stop-after") > seconds("timeout server"));
}

#[test]
fn there_are_files_for_the_connections() {
    let compose = yaml("config/compose.yaml");
    let files = |service: &str| compose["services"][service]["ulimits"]["nofile"].as_u64().expect("a limit");
    // One to the caller and one to the edge; and those that are no connections.
    let connections: u64 = found(&text("config/haproxy.cfg"), r"(?m)^    maxconn (\d+)$")[0].parse().expect("a number");
    assert!(files("haproxy") > 2 * connections + 1_000);
    let taken = Limits::default().connections_max as u64;
    let unit = found(&text("config/systemd/patchbay.service"), r"(?m)^LimitNOFILE=(\d+)$");
    for files in [files("edge1"), unit[0].parse().expect("a number")] {
        assert!(files > taken + 1_024, "{files} files, and {taken} connections are to be taken");
    }
}

#[test]
fn the_unit_gives_settings_that_exist() {
    let unit = text("config/systemd/patchbay.service");
    let given = found(&unit, r"(?m)^Environment=(\S+)$").into_iter().map(|line| {
        let (name, value) = line.split_once('=').expect("a name and a value");
        (name.to_owned(), value.to_owned())
    });
    let given: Vec<(String, String)> = given.collect();
    assert!(!given.is_empty());
    Settings::load(None, given.into_iter()).unwrap_or_else(|faults| panic!("{faults}"));
}

/// A metric in a query, and what is asked of its labels.
#[derive(Debug)]
struct Asked {
    metric: String,
    /// Label and value; a regular expression of alternatives is several.
    labels: Vec<(String, String)>,
}

fn asked(query: &str) -> Vec<Asked> {
    let series = pattern(r#"\b((?:patchbay|haproxy)_[a-z0-9_]+)(?:\{([^}]*)\})?"#);
    let matcher = pattern(r#"(\w+)\s*(=~|!~|!=|=)\s*"([^"]*)""#);
    let asked = series.captures_iter(query).map(|groups| {
        let matchers = groups.get(2).map_or("", |matchers| matchers.as_str());
        let labels = matcher.captures_iter(matchers).flat_map(|parts| {
            let alternatives = if parts[2].contains('~') { parts[3].split('|').collect() } else { vec![&parts[3]] };
            let label = parts[1].to_owned();
            let values: Vec<String> = alternatives.into_iter().map(str::to_owned).collect();
            values.into_iter().map(move |value| (label.clone(), value))
        });
        Asked { metric: groups[1].to_owned(), labels: labels.collect() }
    });
    asked.collect()
}

/// What a scrape shows: for each metric its labels, and for each label its values.
type Shown = BTreeMap<String, BTreeMap<String, BTreeSet<String>>>;

fn shown(scrape: &str) -> Shown {
    let label = pattern(r#"(\w+)="([^"]*)""#);
    let mut shown = Shown::new();
    for line in scrape.lines().filter(|line| !line.starts_with('#') && !line.is_empty()) {
        let name = line.split(['{', ' ']).next().expect("a name");
        let labels = shown.entry(name.to_owned()).or_default();
        for parts in label.captures_iter(line) {
            labels.entry(parts[1].to_owned()).or_default().insert(parts[2].to_owned());
        }
    }
    shown
}

/// What a query asks for and a scrape does not show. `told` are texts that name labels of its result.
fn unknown(query: &str, told: &[&str], shown: &Shown) -> Vec<String> {
    let mut unknown = Vec::new();
    // What Prometheus adds itself.
    let mut labels: BTreeSet<&str> = BTreeSet::from(["instance", "job"]);
    for Asked { metric, labels: wanted } in asked(query) {
        let Some(known) = shown.get(&metric) else {
            unknown.push(format!("no metric {metric}"));
            continue;
        };
        labels.extend(known.keys().map(String::as_str));
        for (label, value) in &wanted {
            if !known.get(label).is_some_and(|values| values.contains(value)) {
                unknown.push(format!("{metric} has no {label}={value:?}"));
            }
        }
    }
    let grouped = found(query, r"\b(?:by|without) ?\(([^)]+)\)");
    let named = told.iter().flat_map(|text| found(text, r"\{\{ ?(?:\$labels\.)?(\w+) ?\}\}"));
    let named: Vec<String> = grouped.iter().flat_map(|list| list.split(", ").map(str::to_owned)).chain(named).collect();
    let strange = named.iter().filter(|name| !labels.contains(name.as_str()));
    unknown.extend(strange.map(|name| format!("no label {name}")));
    unknown
}

/// The rules, each with its name and its query.
fn rules() -> Vec<Value> {
    let alerts = yaml("config/alerts.yml");
    let groups = alerts["groups"].as_array().expect("groups").iter();
    groups.flat_map(|group| group["rules"].as_array().expect("rules")).cloned().collect()
}

/// Every query of the dashboard, with the panel it belongs to and the text beside it.
fn panels() -> Vec<(String, String, String)> {
    let dashboard: Value = serde_json::from_str(&text("config/grafana/dashboards/patchbay.json")).expect("JSON");
    let panels = dashboard["panels"].as_array().expect("panels").iter();
    let queries = panels.flat_map(|panel| {
        panel["targets"].as_array().into_iter().flatten().map(|target| {
            let word = |value: &Value| value.as_str().expect("a text").to_owned();
            (word(&panel["title"]), word(&target["expr"]), word(&target["legendFormat"]))
        })
    });
    queries.collect()
}

/// Every metric of ours is in `/metrics` from the start, at zero, under every label it may ever have; those of providers
/// once one was asked. So what a rule asks for is there, or is not ours.
#[tokio::test]
async fn alerts_and_dashboard_ask_for_what_metrics_show() {
    let dir = TempDir::new().expect("a directory");
    let process = Process::start(dir.path(), &WITH_ACCOUNTS);
    process.tenant("+16475550123", json!({"via": "sip", "sipUri": "sip:desk@sip.vapi.ai"})).await;
    process.known("+16475550123").await;
    // Nobody is there to answer it: it was asked all the same.
    process.admin("GET", "/api/numbers/available?areaCode=312", OPERATOR, Value::Null).await;
    let shown = shown(&process.metrics().await);
    let answered = &shown["patchbay_webhook_requests_total"]["status"];
    assert!(answered.contains("200") && answered.contains("503"), "{answered:?}");

    let check = |place: &str, query: &str, told: &[&str]| -> Vec<String> {
        // HAProxy's own are held against HAProxy, in `deployment_haproxy`.
        let ours = !query.contains("haproxy_");
        let faults = if ours { unknown(query, told, &shown) } else { Vec::new() };
        faults.into_iter().map(|fault| format!("{place}: {fault}")).collect()
    };
    let mut faults = Vec::new();
    for rule in rules() {
        let query = rule["expr"].as_str().expect("a query");
        let name = rule["alert"].as_str().expect("a name");
        let told = ["summary", "description"].map(|text| rule["annotations"][text].as_str().expect("a text"));
        faults.extend(check(name, query, &told));
    }
    let mut pictured = BTreeSet::new();
    for (title, query, legend) in panels() {
        let plain = query.replace("$__rate_interval", "5m");
        pictured.extend(asked(&plain).into_iter().map(|asked| asked.metric.replace("_bucket", "")));
        faults.extend(check(&title, &plain, &[&legend]));
    }
    assert!(faults.is_empty(), "asked for and not shown:\n{}", faults.join("\n"));

    // And the other way round: nothing is measured that nobody looks at.
    let ours = shown.keys().map(|name| {
        let base = ["_bucket", "_sum", "_count"].iter().find_map(|end| name.strip_suffix(end));
        base.filter(|base| base.ends_with("_seconds")).unwrap_or(name).to_owned()
    });
    let unseen: BTreeSet<String> =
        ours.filter(|name| name.starts_with("patchbay_") && !pictured.contains(name)).collect();
    assert!(unseen.is_empty(), "in /metrics and on no panel: {unseen:?}");
}

#[test]
fn a_query_for_what_is_not_there_would_be_found() {
    let shown = shown("patchbay_jobs{state=\"manual\"} 3\npatchbay_store_up 1\n");
    for (query, told, faults) in [
        ("patchbay_store_up == 0", "{{ $labels.instance }}", vec![]),
        ("patchbay_store_down == 1", "", vec!["no metric patchbay_store_down"]),
        (r#"patchbay_jobs{state=~"manual|stuck"}"#, "", vec!["patchbay_jobs has no state=\"stuck\""]),
        (r#"patchbay_jobs{kind="manual"}"#, "", vec!["patchbay_jobs has no kind=\"manual\""]),
        ("sum by (state, tenant) (patchbay_jobs)", "", vec!["no label tenant"]),
        ("patchbay_store_up", "{{ $labels.number }}", vec!["no label number"]),
    ] {
        assert_eq!(unknown(query, &[told], &shown), faults, "{query}");
    }
}

/// What GitHub makes of a heading.
fn anchor(heading: &str) -> String {
    let kept = heading.chars().filter(|letter| letter.is_alphanumeric() || " -_".contains(*letter));
    kept.collect::<String>().to_lowercase().replace(' ', "-")
}

#[test]
fn every_alert_says_what_to_do_and_where_more_is_written() {
    for rule in rules() {
        let Some(name) = rule["alert"].as_str() else { continue };
        let severity = rule["labels"]["severity"].as_str().expect("a severity");
        assert!(["critical", "warning"].contains(&severity), "{name}: {severity}");
        let note = |key: &str| rule["annotations"][key].as_str().unwrap_or_else(|| panic!("{name} has no {key}"));
        assert!(note("summary").len() > 10 && note("description").len() > 60, "{name} says too little");
        let (page, place) = note("runbook").split_once('#').expect("a page and a place");
        assert_eq!(place, anchor(name));
        let page = text(page);
        assert_eq!(page.matches(&format!("\n### {name}\n")).count(), 1, "{name} is not in the runbook");
    }
    let named: BTreeSet<String> = rules().iter().filter_map(|rule| rule["alert"].as_str().map(str::to_owned)).collect();
    let written: BTreeSet<String> = found(&text("docs/operating/alerts.md"), r"(?m)^### (\w+)$").into_iter().collect();
    assert_eq!(written, named, "the runbook is of the alerts there are");
}

/// Every page of the operator's guide.
fn guide() -> Vec<PathBuf> {
    let pages = fs::read_dir(root().join("docs/operating")).expect("the guide");
    let mut pages: Vec<PathBuf> = pages.map(|page| page.expect("a page").path()).collect();
    pages.push(root().join("docs/operating.md"));
    pages
}

#[test]
fn every_place_the_guide_points_to_is_there() {
    let mut broken = Vec::new();
    for page in guide() {
        let text = fs::read_to_string(&page).expect("readable");
        for link in found(&text, r"\]\(([^)]*#[^)]+)\)").into_iter().filter(|link| !link.contains("://")) {
            let (to, place) = link.split_once('#').expect("a place");
            let to = if to.is_empty() { page.clone() } else { page.with_file_name("").join(to) };
            let to = fs::read_to_string(&to).unwrap_or_default();
            if !found(&to, r"(?m)^#+ (.*)$").iter().any(|heading| anchor(heading) == place) {
                broken.push(format!("{}: {link}", page.display()));
            }
        }
    }
    assert!(broken.is_empty(), "places that are not there:\n{}", broken.join("\n"));
}

/// `patchbay jobs list --state manual` in a page: the words that name the command, and its options.
fn commands(page: &str) -> BTreeSet<(Vec<String>, Vec<String>)> {
    let fenced = page.split("```").skip(1).step_by(2).flat_map(str::lines);
    let prose: String = page.split("```").step_by(2).collect();
    let quoted: Vec<&str> = prose.split('`').skip(1).step_by(2).collect();
    let lines = fenced.chain(quoted).filter_map(|line| {
        let line = line.split('#').next().unwrap_or_default();
        let at = line.find("patchbay ").filter(|at| {
            let before = line[..*at].chars().next_back();
            before.is_none_or(|before| before == ' ' || before == '/')
        })?;
        let words: Vec<&str> = line[at..].split_whitespace().skip(1).collect();
        let name = words.iter().take_while(|word| word.chars().all(|c| c.is_ascii_lowercase() || c == '-'));
        let name: Vec<String> = name.take_while(|word| !word.starts_with('-')).map(|word| (*word).to_owned()).collect();
        let options = words.iter().filter_map(|word| word.strip_prefix("--")).filter(|word| !word.is_empty());
        let options = options.map(|word| word.split('=').next().expect("a word").to_owned()).collect();
        // What is not a command of ours: the name of the project in a sentence, of a role, of a container.
        let begins = ["serve", "check", "backup", "restore"].map(str::to_owned);
        let known = name.first().is_some_and(|first| begins.contains(first) || CLIENTS.contains(&first.as_str()));
        known.then_some((name, options))
    });
    lines.collect()
}

/// Commands besides the four that run or look after a patchbay.
const CLIENTS: [&str; 18] = [
    "apply", "audit", "call", "calls", "console", "costs", "decide", "demo", "export", "health", "jobs", "numbers",
    "orgs", "search", "sim", "tenants", "today", "token",
];

#[test]
fn every_command_of_the_guide_exists_with_its_options() {
    let dir = TempDir::new().expect("a directory");
    let mut wanted = BTreeSet::new();
    for page in guide() {
        wanted.extend(commands(&fs::read_to_string(page).expect("readable")));
    }
    assert!(wanted.len() > 20, "{wanted:?}");
    for (mut words, options) in wanted {
        let shown = words.join(" ");
        words.push("--help".to_owned());
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let (code, help, err) = crate::binary::said(crate::binary::patchbay(dir.path(), &words, &[]));
        assert_eq!(code, 0, "patchbay {shown}: {err}");
        for option in options {
            assert!(help.contains(&format!("--{option}")), "patchbay {shown} has no --{option}");
        }
    }
}

#[test]
fn a_command_in_a_page_is_found() {
    let page = "Say `patchbay jobs list --state manual`, or:\n```sh\nsudo patchbay restore --from DIR --check  # the drill\n\
                psql --user patchbay --list\n```\nThe role `patchbay` is no command.";
    let word = |text: &str| text.to_owned();
    let wanted = [
        (vec![word("jobs"), word("list")], vec![word("state")]),
        (vec![word("restore")], vec![word("from"), word("check")]),
    ];
    assert_eq!(commands(page), BTreeSet::from(wanted));
}
