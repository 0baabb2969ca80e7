use std::fmt;

use qrcodegen::{QrCode, QrCodeEcc};

/// The margin in modules that a reader needs (ISO/IEC 18004 §5.3.8).
pub(super) const MARGIN: usize = 4;

/// The dark and the light modules of a QR code.
pub(super) struct Modules(QrCode);

impl Modules {
    /// Corrects at least 15 % of errors, and more where it costs no space.
    pub(super) fn of(text: &str) -> Result<Self, QrError> {
        let code = QrCode::encode_binary(text.as_bytes(), QrCodeEcc::Medium);
        code.map(Self).map_err(|_| QrError(()))
    }

    /// The length of a side in modules, the margin included.
    pub(super) fn side(&self) -> usize {
        usize::try_from(self.0.size()).unwrap_or_default() + 2 * MARGIN
    }

    /// Whether a module is dark, counted from the upper left corner of the margin.
    pub(super) fn is_dark(&self, column: usize, row: usize) -> bool {
        let place = |at: usize| i32::try_from(at.checked_sub(MARGIN)?).ok();
        // Outside of the code, everything is light.
        matches!((place(column), place(row)), (Some(x), Some(y)) if self.0.get_module(x, y))
    }
}

/// The QR code could not be drawn. The limits on issuer and account leave room enough, so this does not happen in practice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QrError(pub(super) ());

impl fmt::Display for QrError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the QR code could not be drawn")
    }
}

impl std::error::Error for QrError {}
