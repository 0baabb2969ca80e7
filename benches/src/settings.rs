use std::path::PathBuf;
use std::time::Duration;

/// How long to measure, what, and where to write it.
#[derive(Debug, Clone)]
pub struct Settings {
    /// How often each case runs; of the results, the median counts.
    pub rounds: usize,
    /// How long a case runs in one round.
    pub leg: Duration,
    /// What the counts of the longer trials are divided by.
    pub divisor: usize,
    /// The one section to run, by the start of its name; all of them where it is not set.
    pub only: Option<String>,
    /// The starts, with commas between them, of the names of single cases, of which only the figures are printed.
    pub cases: Option<String>,
    /// The file that the page is written to, from the root of the repository; it is always printed.
    pub write: Option<PathBuf>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            // Many short legs rather than a few long ones: most of them then fit between two interruptions.
            rounds: 101,
            leg: Duration::from_millis(1),
            divisor: 1,
            only: None,
            cases: None,
            write: None,
        }
    }
}

impl Settings {
    /// Reads the arguments of the command line: `--quick`, `--rounds N`, `--only NAME`, `--cases START,START`,
    /// `--write PATH`.
    ///
    /// # Errors
    ///
    /// A sentence on the argument that is not known, or that lacks its value.
    pub fn from_args(arguments: impl IntoIterator<Item = String>) -> Result<Self, String> {
        let mut settings = Self::default();
        let mut arguments = arguments.into_iter();
        while let Some(argument) = arguments.next() {
            let mut value = || {
                arguments
                    .next()
                    .ok_or_else(|| format!("{argument} needs a value"))
            };
            match argument.as_str() {
                // What cargo itself says to every bench.
                "--bench" => {}
                "--quick" => settings = settings.quick(),
                "--cases" => settings.cases = Some(value()?),
                "--rounds" => settings.rounds = number(&value()?)?,
                "--only" => settings.only = Some(value()?),
                "--write" => settings.write = Some(value()?.into()),
                _ => {
                    return Err(format!(
                        "unknown argument {argument}; known: --quick, --rounds N, --only NAME, --cases START,START, --write PATH"
                    ));
                }
            }
        }
        Ok(settings)
    }

    /// A smoke run of seconds: it proves that every case works, and its figures prove nothing.
    fn quick(self) -> Self {
        Self {
            rounds: 3,
            leg: Duration::from_micros(200),
            divisor: 50,
            ..self
        }
    }

    /// Whether a section is to run.
    #[must_use]
    pub fn wants(&self, section: &str) -> bool {
        let only = self.only.as_deref().unwrap_or_default();
        section.starts_with(only)
    }
}

fn number(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(number) if number > 0 => Ok(number),
        _ => Err(format!("{text} is no number of rounds")),
    }
}
