//! Lists of the admin API, page by page, as far as somebody wants to see.

use clap::Args;
use serde_json::{Value, json};

use super::api::{Api, rows};
use super::remote::Remote;
use super::told::say;

/// How many rows the API gives at once.
const PAGE_MAX: usize = 200;

#[derive(Debug, Args)]
pub(super) struct Listing {
    /// Only what has these words in it.
    #[arg(long = "search", short, value_name = "WORDS")]
    q: Option<String>,
    /// At most so many.
    #[arg(long, value_name = "COUNT", default_value_t = 50, conflicts_with = "all", value_parser = at_least_one)]
    limit: usize,
    /// All there are; with --json one a line.
    #[arg(long)]
    all: bool,
    /// Goes on where a page ended: its `nextCursor`.
    #[arg(long, value_name = "CURSOR")]
    cursor: Option<String>,
}

fn at_least_one(text: &str) -> Result<usize, String> {
    text.parse().ok().filter(|count| *count > 0).ok_or_else(|| "must be a number, 1 at least".to_owned())
}

/// A walk through a list.
pub(super) struct Pages<'a> {
    remote: &'a Remote,
    path: &'a str,
    query: Vec<(&'static str, String)>,
    /// `None` at the end.
    cursor: Option<Option<String>>,
}

impl<'a> Pages<'a> {
    pub fn of(remote: &'a Remote, path: &'a str, query: Vec<(&'static str, String)>) -> Pages<'a> {
        Pages { remote, path, query, cursor: Some(None) }
    }

    /// The next page, of so many rows at most; none at the end.
    pub async fn next(&mut self, rows_max: usize) -> anyhow::Result<Option<Vec<Value>>> {
        let Some(cursor) = self.cursor.take() else { return Ok(None) };
        let limit = rows_max.min(PAGE_MAX).to_string();
        let mut query: Vec<(&str, &str)> = vec![("limit", &limit)];
        query.extend(self.query.iter().map(|(name, value)| (*name, value.as_str())));
        query.extend(cursor.as_deref().map(|cursor| ("cursor", cursor)));
        let page = self.remote.get(self.path, &query).await?;
        self.cursor = page["nextCursor"].as_str().map(|next| Some(next.to_owned()));
        Ok(Some(rows(&page).cloned().collect()))
    }

    /// All that are left.
    pub async fn rest(mut self) -> anyhow::Result<Vec<Value>> {
        let mut all = Vec::new();
        while let Some(page) = self.next(PAGE_MAX).await? {
            all.extend(page);
        }
        Ok(all)
    }

    fn next_cursor(&self) -> Option<&str> {
        self.cursor.as_ref().and_then(Option::as_deref)
    }
}

impl Listing {
    /// Prints a list: as JSON for programs, else as `told` puts each piece of it, with a word where nothing is there.
    ///
    /// A million rows are never held at once: with `--all` each page is printed as it comes.
    pub async fn print(
        &self,
        api: &Api,
        path: &str,
        more: Vec<(&'static str, String)>,
        nothing: &str,
        mut told: impl AsyncFnMut(&Remote, &[Value]) -> anyhow::Result<String>,
    ) -> anyhow::Result<()> {
        let remote = api.remote()?;
        let mut query = more;
        query.extend(self.q.clone().map(|words| ("q", words)));
        let mut pages = Pages::of(&remote, path, query);
        pages.cursor = Some(self.cursor.clone());
        if self.all {
            let mut any = false;
            while let Some(page) = pages.next(PAGE_MAX).await? {
                any |= !page.is_empty();
                match api.json {
                    true => page.iter().for_each(say),
                    false if page.is_empty() => {}
                    false => say(told(&remote, &page).await?),
                }
            }
            if !any && !api.json {
                say(nothing);
            }
            return Ok(());
        }
        let mut seen: Vec<Value> = Vec::new();
        while seen.len() < self.limit
            && let Some(page) = pages.next(self.limit - seen.len()).await?
        {
            seen.extend(page);
        }
        let next = pages.next_cursor();
        if api.json {
            say(json!({ "data": seen, "nextCursor": next }));
            return Ok(());
        }
        if seen.is_empty() {
            say(nothing);
            return Ok(());
        }
        say(told(&remote, &seen).await?);
        if let Some(next) = next {
            say(format_args!("\nthere are more: --all, --limit, or --cursor {next}"));
        }
        Ok(())
    }
}
