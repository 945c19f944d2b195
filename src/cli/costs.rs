//! `patchbay costs`: what each way of being reached costs, what each tenant does, and the whole installation.

use clap::Args;
use serde_json::Value;

use super::api::{self, Api, block_on, rows, text};
use super::remote::Remote;
use super::table::Table;
use super::told::say;
use super::{tenants, when};

#[derive(Debug, Args)]
#[command(after_help = api::HELP)]
pub(super) struct Arguments {
    #[command(flatten)]
    api: Api,
    /// Only what this tenant costs: its id or slug.
    #[arg(long)]
    tenant: Option<String>,
    /// Every tenant, however many there are; 50 where this is not said.
    #[arg(long)]
    all: bool,
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let api = &arguments.api;
    block_on(async {
        let only = tenants::only(api, arguments.tenant.as_deref()).await?;
        let remote = api.remote()?;
        let mut costs = page(&remote, &only, None).await?;
        while arguments.all
            && let Some(cursor) = costs["nextCursor"].as_str().map(str::to_owned)
        {
            let mut next = page(&remote, &only, Some(&cursor)).await?;
            costs["nextCursor"] = next["nextCursor"].take();
            let more = next["data"].take();
            if let (Some(all), Value::Array(more)) = (costs["data"].as_array_mut(), more) {
                all.extend(more);
            }
        }
        api.show(&costs, || told(&costs));
        if !api.json && costs["nextCursor"].is_string() {
            say("\nthere are more: --all");
        }
        Ok(())
    })
}

async fn page(remote: &Remote, only: &[(&'static str, String)], cursor: Option<&str>) -> anyhow::Result<Value> {
    let mut query: Vec<(&str, &str)> = only.iter().map(|(name, value)| (*name, value.as_str())).collect();
    query.extend(cursor.map(|cursor| ("cursor", cursor)));
    // A page of all is as long as a page may be.
    query.extend(cursor.map(|_| ("limit", "200")));
    remote.get("/api/costs", &query).await
}

fn told(costs: &Value) -> String {
    let mut parts = vec![methods(costs), figures(costs)];
    parts.push(if rows(costs).next().is_some() { of_tenants(costs) } else { "no tenants".to_owned() });
    parts.extend(Some(&costs["installation"]).filter(|all| !all.is_null()).map(installation));
    parts.join("\n\n")
}

fn methods(costs: &Value) -> String {
    let mut table = Table::new(&["METHOD", "ONCE", "A MONTH", "A MINUTE IN", "A MINUTE OUT", "AND"], &["AND"]);
    // What others charge whichever way it is stands once below.
    let is_common = |fee: &&Value| list(costs, "methods").all(|method| list(method, "fees").any(|other| other == *fee));
    let told = |fees: Vec<&Value>| fees.into_iter().filter_map(Value::as_str).collect::<Vec<_>>().join("; ");
    for method in list(costs, "methods") {
        let price = |member: &str, place: usize| money(&method[member][place]["price"]);
        let fees = told(list(method, "fees").filter(|fee| !is_common(fee)).collect());
        let name = text(method, "method").to_owned();
        let [inward, outward] = [price("perMinute", 0), price("perMinute", 1)];
        table.row([name, price("once", 0), price("monthly", 0), inward, outward, fees]);
    }
    let common = told(list(&costs["methods"][0], "fees").filter(is_common).collect());
    format!("{}\nand for each: {common}", table.told())
}

/// Each figure once, and where it is from.
fn figures(costs: &Value) -> String {
    let mut table = Table::new(&["WHAT", "PRICE", "FROM", "SAID"], &["FROM"]);
    let all = list(costs, "methods")
        .flat_map(|method| ["once", "monthly", "perMinute"].into_iter().flat_map(move |member| list(method, member)));
    let mut seen: Vec<&str> = Vec::new();
    for figure in all {
        let what = text(figure, "what");
        if seen.contains(&what) {
            continue;
        }
        seen.push(what);
        let name = match what {
            "numberMonth" => "a number, each month",
            "numberOnce" => "a number, once",
            "portOnce" => "a port, once",
            "minuteInbound" => "a minute in",
            "minuteOutbound" => "a minute out",
            other => other,
        };
        let said = &figure["said"];
        let said = format!("{} ({})", money(&said["price"]), dated(said));
        table.row([name.to_owned(), money(&figure["price"]), from(figure), said]);
    }
    table.told()
}

fn from(figure: &Value) -> String {
    match figure["askedAt"].is_string() {
        true => format!("{}, {}", text(figure, "source"), when::told(&figure["askedAt"], None)),
        false => format!("{}: {}", dated(figure), text(figure, "whyEstimate")),
    }
}

fn dated(figure: &Value) -> String {
    let source = text(figure, "source");
    figure["asOf"].as_str().map_or_else(|| source.to_owned(), |day| format!("{source}, {day}"))
}

fn of_tenants(costs: &Value) -> String {
    let heads = [
        "TENANT",
        "METHOD",
        "PAID",
        "FREE",
        "A MONTH",
        "MONTHS",
        "SO FAR",
        "THIS MONTH",
        "COST",
        "AI",
        "LAST MONTH",
        "COST",
        "AI",
    ];
    let mut table = Table::new(&heads, &["TENANT"]);
    for tenant in rows(costs) {
        let paid: u64 = list(tenant, "numbers").filter_map(|numbers| numbers["count"].as_u64()).sum();
        let month = |place: usize| {
            let month = &tenant["months"][place];
            [format!("{} min", month["twilioMinutes"]), money(&month["minutesCost"]), money(&month["aiCost"])]
        };
        let ([minutes, cost, ai], [last, last_cost, last_ai]) = (month(0), month(1));
        let method = tenant["method"].as_str().unwrap_or("–").to_owned();
        let [monthly, so_far] = ["monthly", "paidSoFar"].map(|member| money(&tenant[member]));
        let [free, months] = ["freeNumbers", "monthsPaid"].map(|member| tenant[member].to_string());
        let slug = text(tenant, "slug").to_owned();
        table.row([
            slug,
            method,
            paid.to_string(),
            free,
            monthly,
            months,
            so_far,
            minutes,
            cost,
            ai,
            last,
            last_cost,
            last_ai,
        ]);
    }
    table.told()
}

fn installation(all: &Value) -> String {
    let stage = list(all, "stages").find(|stage| stage["stage"] == all["stage"]);
    let mut lines = vec![format!(
        "{}: {} customers, {}/{} free numbers, {} paid for, {} spare: {} a month, {} a customer, {} of {} left",
        stage.map_or("", |stage| text(stage, "name")),
        all["customers"],
        all["freeNumbers"],
        all["freeLimit"],
        all["paidNumbers"],
        all["spareNumbers"],
        money(&all["monthly"]),
        money(&all["perCustomer"]),
        share(&all["marginPermille"]),
        money(&all["revenue"]),
    )];
    let mut stages = Table::new(&["STAGE", "CUSTOMERS", "NUMBERS", "EACH", "SAID", "SET UP"], &["NUMBERS"]);
    for stage in list(all, "stages") {
        let [name, customers, numbers] = ["name", "customers", "numbers"].map(|member| text(stage, member).to_owned());
        let [each, said] = ["monthly", "saidMonthly"].map(|member| money(&stage[member]));
        stages.row([name, customers, numbers, each, said, format!("{} minutes", stage["setupMinutes"])]);
    }
    let heads = ["CUSTOMERS", "FREE", "PAID", "A MONTH", "EACH", "REVENUE", "LEFT", "SAID", "EACH", "LEFT"];
    let mut table = Table::new(&heads, &[]);
    for row in list(all, "table") {
        let guides = &row["guides"];
        let [customers, free, paid] = ["customers", "freeNumbers", "paidNumbers"].map(|member| row[member].to_string());
        let [monthly, each, revenue] = ["monthly", "perCustomer", "revenue"].map(|member| money(&row[member]));
        let [said, said_each] = ["monthly", "perCustomer"].map(|member| money(&guides[member]));
        let [left, said_left] = [row, guides].map(|of| share(&of["marginPermille"]));
        table.row([customers, free, paid, monthly, each, revenue, left, said, said_each, said_left]);
    }
    lines.extend([stages.told(), table.told()]);
    let notes = list(all, "notes").filter_map(Value::as_str).collect::<Vec<_>>().join("\n");
    lines.push(notes);
    lines.join("\n\n")
}

fn list<'a>(value: &'a Value, member: &str) -> impl Iterator<Item = &'a Value> {
    value[member].as_array().into_iter().flatten()
}

fn money(value: &Value) -> String {
    text(value, "text").to_owned()
}

/// Thousandths as percent; a dash for none.
fn share(permille: &Value) -> String {
    let Some(permille) = permille.as_i64() else { return "–".to_owned() };
    let sign = if permille < 0 { "-" } else { "" };
    match (permille.abs() / 10, permille.abs() % 10) {
        (whole, 0) => format!("{sign}{whole} %"),
        (whole, tenth) => format!("{sign}{whole}.{tenth} %"),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_share_is_told_in_percent() {
        for (permille, told) in [(1_000, "100 %"), (976, "97.6 %"), (0, "0 %"), (-5, "-0.5 %"), (-1_500, "-150 %")] {
            assert_eq!(share(&json!(permille)), told);
        }
        assert_eq!(share(&Value::Null), "–");
    }
}
