use std::fmt::{self, Write as _};

/// A page of tables.
#[derive(Debug, Clone)]
pub struct Page {
    /// What stands above the tables.
    pub head: String,
    /// The tables.
    pub sections: Vec<Section>,
}

/// One table, on one subject.
#[derive(Debug, Clone)]
pub struct Section {
    /// The subject.
    pub title: &'static str,
    /// How it was measured, and what must be known to read the figures.
    pub note: String,
    /// The lines of the table.
    pub rows: Vec<Row>,
}

/// One line of a table.
#[derive(Debug, Clone, Default)]
pub struct Row {
    job: String,
    target: String,
    measured: String,
    limits: Vec<Limit>,
    beside: String,
}

/// A figure and the bound that it should keep to.
#[derive(Debug, Clone)]
pub struct Limit {
    name: &'static str,
    /// How far beyond the bound, as a share of it; nothing or less where the bound is kept.
    beyond: f64,
}

impl Limit {
    /// It should not be more than this.
    #[must_use]
    pub fn at_most(name: &'static str, value: f64, bound: f64) -> Self {
        // A bound of nothing is kept by nothing alone.
        let beyond = if bound == 0.0 {
            value
        } else {
            value / bound - 1.0
        };
        Self { name, beyond }
    }

    /// It should not be less than this.
    #[must_use]
    pub fn at_least(name: &'static str, value: f64, bound: f64) -> Self {
        let beyond = 1.0 - value / bound;
        Self { name, beyond }
    }

    fn is_kept(&self) -> bool {
        self.beyond <= 0.0
    }
}

impl Row {
    /// A line on a job.
    #[must_use]
    pub fn new(job: impl Into<String>) -> Self {
        Self {
            job: job.into(),
            ..Self::default()
        }
    }

    /// What is aimed at, in words, and the figures that decide.
    #[must_use]
    pub fn target(
        self,
        target: impl Into<String>,
        limits: impl IntoIterator<Item = Limit>,
    ) -> Self {
        Self {
            target: target.into(),
            limits: limits.into_iter().collect(),
            ..self
        }
    }

    /// What came out.
    #[must_use]
    pub fn measured(self, measured: impl Into<String>) -> Self {
        Self {
            measured: measured.into(),
            ..self
        }
    }

    /// What others came to in the same run.
    #[must_use]
    pub fn beside(self, beside: impl Into<String>) -> Self {
        Self {
            beside: beside.into(),
            ..self
        }
    }

    fn verdict(&self) -> String {
        if self.limits.is_empty() {
            return String::new();
        }
        let missed: Vec<_> = self
            .limits
            .iter()
            .filter(|limit| !limit.is_kept())
            .map(|limit| format!("{} by {:.0} %", limit.name, (limit.beyond * 100.0).ceil()))
            .collect();
        match missed.as_slice() {
            [] => "met".to_owned(),
            missed => format!("**missed**: {}", missed.join(", ")),
        }
    }
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            job,
            target,
            measured,
            beside,
            ..
        } = self;
        let verdict = self.verdict();
        writeln!(
            f,
            "| {job} | {target} | {measured} | {verdict} | {beside} |"
        )
    }
}

impl fmt::Display for Section {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "## {}\n\n{}\n", self.title, self.note)?;
        writeln!(f, "| job | target | measured | verdict | beside |")?;
        writeln!(f, "|---|---|---|---|---|")?;
        self.rows.iter().try_for_each(|row| row.fmt(f))
    }
}

impl fmt::Display for Page {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.head)?;
        for section in &self.sections {
            f.write_char('\n')?;
            section.fmt(f)?;
        }
        Ok(())
    }
}

/// A time in the unit that reads best.
#[must_use]
pub fn nanos(nanos: f64) -> String {
    match nanos {
        ..10.0 => format!("{nanos:.1} ns"),
        ..2_000.0 => format!("{nanos:.0} ns"),
        ..1_000_000.0 => format!("{:.1} µs", nanos / 1e3),
        _ => format!("{:.1} ms", nanos / 1e6),
    }
}

/// So many times something.
#[must_use]
pub fn times(ratio: f64) -> String {
    match ratio {
        ..10.0 => format!("{ratio:.2} ×"),
        _ => format!("{ratio:.0} ×"),
    }
}

/// Allocations per request.
#[must_use]
pub fn allocations(count: f64) -> String {
    // Less than a tenth is a table that grows now and then.
    format!("{} alloc", (count * 10.0).round() / 10.0)
}
