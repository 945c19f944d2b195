//! What a guide is made of. Texts are plain: what they look like, and what of them must be escaped, is the renderers'.
//!
//! The JSON of the admin API is this structure, so it says here what it looks like there.

use serde::Serialize;
use utoipa::ToSchema;

use super::{Instructions, Method, Pbx};
use crate::model::TenantId;

/// How a business's calls come here, for that business.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[schema(as = SetupGuide)]
#[serde(rename_all = "camelCase")]
pub struct Guide {
    /// What the installation is called.
    #[schema(example = "patchbay")]
    pub brand: String,
    /// Whose guide it is.
    pub business: Business,
    /// What stands above it.
    #[schema(example = "Call Forwarding (Fastest Setup)")]
    pub title: String,
    /// The method the tenant is configured for.
    pub configured: Option<Method>,
    /// The method this is the guide of; null where all are shown to choose from.
    pub method: Option<Method>,
    /// The methods side by side, where all are shown.
    pub comparison: Option<Comparison>,
    /// The guide of the method; all three where one is to be chosen.
    pub guides: Vec<MethodGuide>,
}

/// The tenant, as far as a guide names it.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[schema(as = GuidedBusiness)]
#[serde(rename_all = "camelCase")]
pub struct Business {
    /// Its identifier.
    #[schema(value_type = String, format = "tenant-id")]
    pub id: TenantId,
    /// Its name in SIP addresses and commands.
    #[schema(example = "smile-dental")]
    pub slug: String,
    /// What callers hear it called.
    #[schema(example = "Smile Dental")]
    pub name: String,
}

/// The guide of one method.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct MethodGuide {
    /// Which.
    pub method: Method,
    /// What it is called, and what is best about it.
    #[schema(example = "Call Forwarding (Fastest Setup)")]
    pub label: String,
    /// It in a sentence.
    pub description: String,
    /// Whose telephone system it is written for; of SIP alone.
    pub pbx: Option<Pbx>,
    /// Nothing has to be done first.
    pub is_ready: bool,
    /// What has to be done first, by whoever runs the installation, in this order.
    pub first: Vec<Todo>,
    /// What this tenant has to know.
    pub warnings: Vec<Warning>,
    /// What is typed in somewhere, or told to somebody.
    pub values: Vec<Value>,
    /// The way of a call.
    pub flow: Vec<String>,
    /// What the business does.
    pub instructions: Instructions,
    /// All else there is to say.
    pub sections: Vec<Section>,
    /// What speaks for it.
    pub pros: Vec<String>,
    /// What speaks against it.
    pub cons: Vec<String>,
    /// Whom it is best for.
    pub best_for: Vec<String>,
    /// How long it takes.
    #[schema(example = "Minutes")]
    pub time: String,
    /// What it costs, by estimate.
    pub costs: Costs,
}

/// Something to be done first.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[schema(as = GuideTodo)]
#[serde(rename_all = "camelCase")]
pub struct Todo {
    /// What, and why.
    pub text: String,
    /// The command that does it.
    #[schema(example = "patchbay tenants deploy smile-dental")]
    pub command: Option<String>,
    /// The request of the admin API that does it.
    #[schema(example = "POST /api/tenants/ten_01kafbd2x0q7h3m8w5r9t2c6ze/deploy")]
    pub request: Option<String>,
}

/// Something this tenant has to know.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[schema(as = GuideWarning)]
#[serde(rename_all = "camelCase")]
pub struct Warning {
    /// Which, for programs: stable.
    #[schema(value_type = String, example = "overflow_unseen")]
    pub code: &'static str,
    /// Whose business it is.
    pub audience: Audience,
    /// It, for people.
    pub text: String,
}

/// Whose business something is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = GuideAudience)]
#[serde(rename_all = "lowercase")]
pub enum Audience {
    /// The business's own.
    Business,
    /// That of whoever runs the installation.
    Operator,
}

/// A value to be typed in, or told.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[schema(as = GuideValue)]
#[serde(rename_all = "camelCase")]
pub struct Value {
    /// What it is.
    #[schema(example = "Forward your calls to")]
    pub label: String,
    /// It; null where it is not there yet, or is told elsewhere.
    #[schema(example = "+16475550188")]
    pub value: Option<String>,
    /// What else there is to say of it.
    pub note: Option<String>,
}

/// A part of a guide: sentences, then a table, points, and what is copied from it, as far as there are.
#[derive(Clone, Debug, Default, PartialEq, Serialize, ToSchema)]
#[schema(as = GuideSection)]
#[serde(rename_all = "camelCase")]
pub struct Section {
    /// What it is about.
    pub title: String,
    /// Paragraphs.
    pub text: Vec<String>,
    /// What is better seen side by side.
    pub table: Option<Table>,
    /// Points.
    pub points: Vec<String>,
    /// What is copied.
    pub code: Vec<Code>,
}

/// Rows below a head.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[schema(as = GuideTable)]
#[serde(rename_all = "camelCase")]
pub struct Table {
    /// What the columns are.
    pub head: Vec<String>,
    /// As many cells each as there are columns.
    pub rows: Vec<Vec<String>>,
}

/// Text to be copied as it stands.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[schema(as = GuideCode)]
#[serde(rename_all = "camelCase")]
pub struct Code {
    /// Where it goes.
    #[schema(example = "pjsip.conf")]
    pub caption: String,
    /// What it is written in.
    #[schema(value_type = String, example = "ini")]
    pub language: &'static str,
    /// It.
    pub text: String,
}

/// What a method costs, in US dollars, by estimate.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[schema(as = GuideCosts)]
#[serde(rename_all = "camelCase")]
pub struct Costs {
    /// Once.
    #[schema(example = "~$1 number purchase")]
    pub once: String,
    /// Every month.
    #[schema(example = "~$1 Twilio number + usage + carrier forwarding fees")]
    pub monthly: String,
}

/// The methods side by side.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Comparison {
    /// How a call finds its tenant, and what comes with it.
    pub matrix: Table,
    /// What becomes of the number.
    pub numbers: Table,
    /// How long, and for how much.
    pub effort: Table,
    /// What there is to say of costs.
    pub costs: Section,
}

impl Guide {
    /// What the business has to mind of a method; where several are shown, of this one and not of all of them.
    pub(super) fn minded<'g>(&'g self, one: &'g MethodGuide) -> Vec<&'g Warning> {
        let has = |guide: &MethodGuide, code: &str| guide.warnings.iter().any(|warning| warning.code == code);
        let of_all = |code: &str| self.guides.len() > 1 && self.guides.iter().all(|guide| has(guide, code));
        let of_business = one.warnings.iter().filter(|warning| warning.audience == Audience::Business);
        of_business.filter(|warning| !of_all(warning.code)).collect()
    }
}

impl Section {
    /// A part that has only its title yet.
    pub(super) fn titled(title: &str) -> Section {
        Section { title: title.to_owned(), ..Section::default() }
    }

    pub(super) fn says(mut self, text: impl Into<String>) -> Section {
        self.text.push(text.into());
        self
    }

    pub(super) fn lists<T: Into<String>>(mut self, points: impl IntoIterator<Item = T>) -> Section {
        self.points.extend(points.into_iter().map(Into::into));
        self
    }

    pub(super) fn shows(mut self, table: Table) -> Section {
        self.table = Some(table);
        self
    }

    pub(super) fn copies(mut self, caption: &str, language: &'static str, text: impl Into<String>) -> Section {
        self.code.push(Code { caption: caption.to_owned(), language, text: text.into() });
        self
    }
}

impl Table {
    /// A table of rows as wide as its head.
    pub(super) fn of<const N: usize>(head: [&str; N], rows: impl IntoIterator<Item = [String; N]>) -> Table {
        Table { head: texts(head), rows: rows.into_iter().map(Vec::from).collect() }
    }
}

/// Texts as a guide keeps them.
pub(super) fn texts<const N: usize>(words: [&str; N]) -> Vec<String> {
    words.into_iter().map(str::to_owned).collect()
}
