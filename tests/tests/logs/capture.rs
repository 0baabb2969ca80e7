//! All that anybody logs in this process, at every level, as it was before a formatter made it pretty.

use std::fmt::Debug;
use std::sync::{Mutex, MutexGuard, Once, PoisonError};

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Metadata, Subscriber};
use tracing_subscriber::layer::{Context, SubscriberExt};
use tracing_subscriber::{Layer, Registry};

static LINES: Mutex<Vec<Line>> = Mutex::new(Vec::new());
static ALONE: Mutex<()> = Mutex::new(());

/// An event, or a span that began or learned something.
#[derive(Debug, Clone)]
pub(crate) struct Line {
    pub(crate) target: String,
    pub(crate) level: Level,
    /// The message among them. Debug output is kept as the formatter would have got it, and so are texts.
    pub(crate) fields: Vec<(String, String)>,
}

impl Line {
    pub(crate) fn field(&self, name: &str) -> Option<&str> {
        let mut fields = self.fields.iter();
        fields
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }

    pub(crate) fn is_ours(&self) -> bool {
        self.target.starts_with("portcullis")
    }
}

/// The log of one test; the tests of this process take turns.
pub(crate) struct Log {
    _alone: MutexGuard<'static, ()>,
    lines: &'static Mutex<Vec<Line>>,
}

impl Log {
    pub(crate) fn begin() -> Self {
        static INSTALLED: Once = Once::new();
        let alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
        INSTALLED.call_once(|| {
            let everything = Registry::default().with(Everything);
            tracing::subscriber::set_global_default(everything).unwrap();
            log::set_logger(&Everything).unwrap();
            log::set_max_level(log::LevelFilter::Trace);
        });
        LINES.lock().unwrap().clear();
        Self {
            _alone: alone,
            lines: &LINES,
        }
    }

    pub(crate) fn lines(&self) -> Vec<Line> {
        self.lines.lock().unwrap().clone()
    }

    /// What has been logged since the last call, or since the beginning, is taken out.
    pub(crate) fn take(&self) -> Vec<Line> {
        std::mem::take(&mut *self.lines.lock().unwrap())
    }
}

struct Everything;

impl Everything {
    fn write(metadata: &Metadata<'_>, record: impl FnOnce(&mut Fields)) {
        let mut fields = Fields(vec![("name".to_owned(), metadata.name().to_owned())]);
        record(&mut fields);
        LINES.lock().unwrap().push(Line {
            target: metadata.target().to_owned(),
            level: *metadata.level(),
            fields: fields.0,
        });
    }
}

impl<S: Subscriber> Layer<S> for Everything {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        Self::write(event.metadata(), |fields| event.record(fields));
    }

    fn on_new_span(&self, attributes: &Attributes<'_>, _: &Id, _: Context<'_, S>) {
        Self::write(attributes.metadata(), |fields| attributes.record(fields));
    }

    fn on_record(&self, _: &Id, values: &Record<'_>, _: Context<'_, S>) {
        let mut fields = Fields(Vec::new());
        values.record(&mut fields);
        LINES.lock().unwrap().push(Line {
            target: "a span".to_owned(),
            level: Level::TRACE,
            fields: fields.0,
        });
    }
}

/// Some libraries use the older façade.
impl log::Log for Everything {
    fn enabled(&self, _: &log::Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &log::Record<'_>) {
        LINES.lock().unwrap().push(Line {
            target: record.target().to_owned(),
            level: Level::TRACE,
            fields: vec![("message".to_owned(), record.args().to_string())],
        });
    }

    fn flush(&self) {}
}

struct Fields(Vec<(String, String)>);

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.0.push((field.name().to_owned(), format!("{value:?}")));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.0.push((field.name().to_owned(), value.to_owned()));
    }
}
