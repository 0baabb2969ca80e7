//! What the rules are held over.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

use serde_json::Value;

/// The root of the workspace.
pub(crate) static ROOT: LazyLock<PathBuf> = LazyLock::new(|| {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap().to_path_buf()
});

/// The members of the workspace.
pub(crate) static MEMBERS: LazyLock<Vec<Member>> = LazyLock::new(|| {
    let output = Command::new(env!("CARGO"))
        .args([
            "metadata",
            "--format-version",
            "1",
            "--no-deps",
            "--offline",
        ])
        .current_dir(&*ROOT)
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
    list(&metadata["packages"]).map(Member::read).collect()
});

/// A package of the workspace.
#[derive(Debug)]
pub(crate) struct Member {
    pub(crate) name: String,
    pub(crate) folder: PathBuf,
    pub(crate) dependencies: Vec<Dependency>,
}

#[derive(Debug)]
pub(crate) struct Dependency {
    pub(crate) name: String,
    pub(crate) for_development: bool,
    pub(crate) optional: bool,
}

impl Member {
    fn read(package: &Value) -> Self {
        let manifest = PathBuf::from(text(&package["manifest_path"]));
        let dependencies = list(&package["dependencies"]).map(|dependency| Dependency {
            name: text(&dependency["name"]),
            for_development: dependency["kind"] == "dev",
            optional: dependency["optional"] == true,
        });
        Self {
            name: text(&package["name"]),
            folder: manifest.parent().unwrap().to_path_buf(),
            dependencies: dependencies.collect(),
        }
    }

    /// Whether it is one of the crates that make up the product.
    pub(crate) fn is_product(&self) -> bool {
        self.folder.parent() == Some(&ROOT.join("crates"))
    }

    /// What it needs to be used, not to be tested.
    pub(crate) fn needs(&self) -> impl Iterator<Item = &Dependency> {
        self.dependencies
            .iter()
            .filter(|dependency| !dependency.for_development)
    }

    /// A file of the member, as text.
    pub(crate) fn file(&self, path: &str) -> String {
        let path = self.folder.join(path);
        std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    }
}

/// The product's crates.
pub(crate) fn products() -> impl Iterator<Item = &'static Member> {
    MEMBERS.iter().filter(|member| member.is_product())
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

/// A source file, with its path from the root.
#[derive(Debug)]
pub(crate) struct Source {
    pub(crate) path: String,
    pub(crate) text: String,
}

impl Source {
    /// The lines that are not comments, with their numbers.
    pub(crate) fn code(&self) -> impl Iterator<Item = (usize, &str)> {
        let lines = (1..).zip(self.text.lines());
        lines.filter(|(_, line)| !line.trim_start().starts_with("//"))
    }
}

/// All Rust files below a folder of the workspace, in order.
pub(crate) fn sources(folder: &str) -> Vec<Source> {
    let mut found = Vec::new();
    collect(&ROOT.join(folder), &mut found);
    found.sort_by(|one, other| one.path.cmp(&other.path));
    found
}

fn collect(folder: &Path, found: &mut Vec<Source>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() && path.file_name().is_none_or(|name| name != "target") {
            collect(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(Source {
                text: std::fs::read_to_string(&path).unwrap(),
                path: path
                    .strip_prefix(&*ROOT)
                    .unwrap()
                    .to_string_lossy()
                    .into_owned(),
            });
        }
    }
}

/// The sources of the product itself: `crates/*/src`.
pub(crate) fn product_sources() -> Vec<Source> {
    let mut sources = sources("crates");
    sources.retain(|source| source.path.split('/').nth(2) == Some("src"));
    assert!(sources.len() > 20, "the product has sources");
    sources
}

/// Fails with all that was found, if anything was.
#[track_caller]
pub(crate) fn none(rule: &str, found: &[String]) {
    assert!(found.is_empty(), "{rule}:\n  {}", found.join("\n  "));
}
