//! AC-O10: QR codes that a reader which is not ours reads back.

mod common;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use portcullis_mfa::{OtpauthUri, Totp, TotpAlgorithm, TotpParameters};

use self::common::{ALGORITHMS, has};

/// What `zbarimg` reads in a picture.
fn read(picture: &Path) -> String {
    let output = Command::new("zbarimg")
        .args(["--quiet", "--raw", "--nodbus"])
        // A big picture holds what looks like another barcode now and then.
        .args(["-Sdisable", "-Sqrcode.enable"])
        .arg(picture)
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    let text = String::from_utf8(output.stdout).unwrap();
    text.strip_suffix('\n').unwrap().to_owned()
}

fn uris() -> Vec<OtpauthUri> {
    let labels = [
        ("Acme", "ada@example.com"),
        ("Å & Ö", "名前 名前@例え.テスト"),
        ("A", "b"),
        (&"i".repeat(60), &"a".repeat(200)),
    ];
    let mut uris = Vec::new();
    for algorithm in ALGORITHMS {
        for (issuer, account) in labels {
            let parameters = TotpParameters::default().with_algorithm(algorithm);
            let totp = Totp::generate_with(parameters).unwrap();
            uris.push(totp.uri(issuer, account).unwrap());
        }
    }
    uris
}

#[test]
fn ac_o10_zbarimg_reads_the_png() {
    if !has("zbarimg", "zbar-tools") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    for uri in uris() {
        let picture = folder.path().join("code.png");
        fs::write(&picture, uri.qr_png().unwrap()).unwrap();
        assert_eq!(read(&picture), uri.expose());
    }
}

#[test]
fn ac_o10_zbarimg_reads_the_svg() {
    if !has("zbarimg", "zbar-tools") || !has("rsvg-convert", "librsvg2-bin") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    for uri in uris() {
        let picture = rendered(folder.path(), &uri.qr_svg().unwrap());
        assert_eq!(read(&picture), uri.expose());
    }
}

/// As a browser would show it: on a ground that is not white.
fn rendered(folder: &Path, svg: &str) -> PathBuf {
    let (drawing, picture) = (folder.join("code.svg"), folder.join("drawn.png"));
    fs::write(&drawing, svg).unwrap();
    let status = Command::new("rsvg-convert")
        .args(["--width=900", "--background-color=black", "--output"])
        .args([&picture, &drawing])
        .status()
        .unwrap();
    assert!(status.success());
    picture
}

/// The longest URI that there can be still fits: no account makes enrolling fail.
#[test]
fn the_longest_labels_fit() {
    let parameters = TotpParameters::default().with_algorithm(TotpAlgorithm::Sha512);
    let totp = Totp::from_secret(&[0xff; 128])
        .unwrap()
        .with_parameters(parameters);
    let uri = totp.uri(&"€".repeat(42), &"€".repeat(106)).unwrap();
    assert!(uri.expose().len() > 1900, "{}", uri.expose().len());
    assert!(uri.qr_svg().is_ok());
    assert!(uri.qr_png().is_ok());
}

#[test]
fn a_png_is_black_on_white_with_a_margin() {
    let uri = Totp::generate().unwrap().uri("Acme", "ada").unwrap();
    let file = uri.qr_png().unwrap();
    let mut reader = png::Decoder::new(std::io::Cursor::new(&file))
        .read_info()
        .unwrap();
    let (width, height) = reader.info().size();
    assert_eq!(width, height);
    assert_eq!(width % 8, 0, "whole modules");
    assert_eq!(
        (width / 8 - 8 - 17) % 4,
        0,
        "a QR code has 17 + 4 n modules, and four of margin on each side"
    );
    let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
    reader.next_frame(&mut pixels).unwrap();
    let line = width as usize / 8;
    let rows: Vec<&[u8]> = pixels.chunks(line).collect();
    let light = |row: &[u8]| row.iter().all(|byte| *byte == 0xff);
    assert!(rows[..32].iter().all(|row| light(row)), "above");
    assert!(
        rows[rows.len() - 32..].iter().all(|row| light(row)),
        "below"
    );
    assert!(
        rows.iter()
            .all(|row| light(&row[..4]) && light(&row[line - 4..])),
        "beside"
    );
    assert!(!light(rows[32]), "there the code begins");
    assert!(file.len() < 8 * 1024, "{} bytes", file.len());
}

/// Nothing in it that a content security policy would have to allow.
#[test]
fn an_svg_has_no_scripts_styles_or_links() {
    let uri = Totp::generate().unwrap().uri("Acme", "<script>").unwrap();
    let svg = uri.qr_svg().unwrap();
    assert!(svg.starts_with("<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 "));
    assert!(svg.ends_with("</svg>"));
    for word in [
        "script", "style", "href", "url(", " on", "<text", "<image", "otpauth",
    ] {
        assert!(!svg.contains(word), "{word}");
    }
    assert!(svg.len() < 12 * 1024, "{} bytes", svg.len());
}
