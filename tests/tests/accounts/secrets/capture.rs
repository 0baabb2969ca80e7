//! All that anybody in this process logs while somebody listens, at every level.

use std::fmt::{Debug, Write as _};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, Once};

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::subscriber::Interest;
use tracing::{Event, Metadata, Subscriber};
use tracing_subscriber::layer::{Context, SubscriberExt};
use tracing_subscriber::{Layer, Registry};

static LISTENS: AtomicBool = AtomicBool::new(false);
static LOGGED: Mutex<String> = Mutex::new(String::new());

/// From now on it is kept. Tests that run beside this one are heard as well.
pub(crate) fn listen() {
    static INSTALLED: Once = Once::new();
    INSTALLED.call_once(|| {
        let everything = Registry::default().with(Everything);
        tracing::subscriber::set_global_default(everything).unwrap();
        log::set_logger(&Everything).unwrap();
        log::set_max_level(log::LevelFilter::Trace);
    });
    LISTENS.store(true, Ordering::SeqCst);
}

/// All that was logged; from now on nothing is kept.
pub(crate) fn stop() -> String {
    LISTENS.store(false, Ordering::SeqCst);
    std::mem::take(&mut LOGGED.lock().unwrap())
}

struct Everything;

impl Everything {
    fn write(record: impl FnOnce(&mut Fields)) {
        let mut fields = Fields(String::new());
        record(&mut fields);
        let mut logged = LOGGED.lock().unwrap();
        logged.push_str(&fields.0);
        logged.push('\n');
    }
}

impl<S: Subscriber> Layer<S> for Everything {
    fn register_callsite(&self, _: &'static Metadata<'static>) -> Interest {
        Interest::sometimes()
    }

    fn enabled(&self, _: &Metadata<'_>, _: Context<'_, S>) -> bool {
        LISTENS.load(Ordering::SeqCst)
    }

    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let target = event.metadata().target();
        Self::write(|fields| {
            fields.0.push_str(target);
            event.record(fields);
        });
    }

    fn on_new_span(&self, attributes: &Attributes<'_>, _: &Id, _: Context<'_, S>) {
        Self::write(|fields| attributes.record(fields));
    }

    fn on_record(&self, _: &Id, values: &Record<'_>, _: Context<'_, S>) {
        Self::write(|fields| values.record(fields));
    }
}

/// Some libraries use the older façade.
impl log::Log for Everything {
    fn enabled(&self, _: &log::Metadata<'_>) -> bool {
        LISTENS.load(Ordering::SeqCst)
    }

    fn log(&self, record: &log::Record<'_>) {
        if log::Log::enabled(self, record.metadata()) {
            Self::write(|fields| fields.0.push_str(&record.args().to_string()));
        }
    }

    fn flush(&self) {}
}

struct Fields(String);

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        let _ = write!(self.0, " {}={value:?}", field.name());
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        let _ = write!(self.0, " {}={value}", field.name());
    }
}
