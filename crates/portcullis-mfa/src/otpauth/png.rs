use png::{BitDepth, ColorType, Encoder};

use super::qr::{Modules, QrError};

/// Pixels a module, in both directions; eight, so that a module is a byte of one-bit pixels.
const SCALE: usize = 8;

/// One bit a pixel, black on white.
pub(super) fn draw(modules: &Modules) -> Result<Vec<u8>, QrError> {
    let pixels = u32::try_from(modules.side() * SCALE).map_err(|_| QrError(()))?;
    let mut file = Vec::new();
    let mut encoder = Encoder::new(&mut file, pixels, pixels);
    encoder.set_color(ColorType::Grayscale);
    encoder.set_depth(BitDepth::One);
    encoder
        .write_header()
        .and_then(|mut writer| {
            writer.write_image_data(&bitmap(modules))?;
            writer.finish()
        })
        .map_err(|_| QrError(()))?;
    Ok(file)
}

fn bitmap(modules: &Modules) -> Vec<u8> {
    let side = modules.side();
    let mut bitmap = Vec::with_capacity(side * side * SCALE);
    for row in 0..side {
        let colour = |column| [0xff, 0][usize::from(modules.is_dark(column, row))];
        let line: Vec<u8> = (0..side).map(colour).collect();
        bitmap.extend(line.repeat(SCALE));
    }
    bitmap
}
