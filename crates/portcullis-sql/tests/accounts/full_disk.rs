//! A disk that is full.

use std::path::{Path, PathBuf};
use std::process::Command;

use portcullis_accounts::User;
use portcullis_accounts::store::{CommitError, Ledger as _};
use portcullis_sql::SqlStore;

use crate::support::{Directory, assert_down, connect, insert, is_there, user};

/// A small disk of its own.
struct Disk {
    _directory: Directory,
    path: PathBuf,
}

impl Disk {
    /// `None`, and a line that says so, where one may not mount anything.
    fn of(size: &str) -> Option<Self> {
        let directory = Directory::new();
        let path = directory.path().join("disk");
        std::fs::create_dir(&path).expect("a directory can be made");
        if mount(
            &["-t", "tmpfs", "-o", &format!("size={size}"), "tmpfs"],
            &path,
        ) {
            return Some(Self {
                _directory: directory,
                path,
            });
        }
        let is_required = std::env::var("CI").as_deref() == Ok("true") && may_mount();
        assert!(!is_required, "the small disk could not be mounted");
        eprintln!("skipped: mounting a small disk is not permitted here");
        None
    }

    fn grow(&self, size: &str) {
        let options = format!("remount,size={size}");
        assert!(mount(&["-o", &options], &self.path), "it can grow");
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let unmounted = Command::new("umount").arg("-l").arg(&self.path).status();
        assert!(unmounted.is_ok_and(|status| status.success()));
    }
}

/// Whether this process has the capability to mount (`CAP_SYS_ADMIN`, bit 21), which root in a container may lack.
fn may_mount() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mut lines = status.lines();
    let effective = lines.find_map(|line| line.strip_prefix("CapEff:"));
    let effective = effective.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    effective.is_some_and(|mask| mask & (1 << 21) != 0)
}

fn mount(arguments: &[&str], path: &Path) -> bool {
    let output = Command::new("mount").args(arguments).arg(path).output();
    output.is_ok_and(|output| output.status.success())
}

/// Writes until it cannot; what was answered, and why it ended.
async fn fill(store: &SqlStore) -> (Vec<User>, CommitError) {
    let mut answered = Vec::new();
    loop {
        let mut large = user(&format!("user{}@example.com", answered.len()));
        let text = "x".repeat(20_000);
        large.profile.insert(String::from("about"), text.into());
        match store.commit(&insert(&large)).await {
            Ok(_) => answered.push(large),
            Err(error) => return (answered, error),
        }
        assert!(answered.len() < 10_000, "the disk is small");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_is_an_error_and_loses_nothing() {
    let Some(disk) = Disk::of("1m") else {
        return;
    };
    let url = format!("sqlite://{}", disk.path.join("app.db").display());
    let store = connect(&url).await;
    let (answered, error) = fill(&store).await;
    assert_down(&error);
    assert!(!answered.is_empty());
    for user in &answered {
        assert!(is_there(&store, user).await, "reading needs no room");
    }

    disk.grow("8m");
    let late = user("late@example.com");
    store
        .commit(&insert(&late))
        .await
        .expect("there is room again");
    store.close().await;
    let again = connect(&url).await;
    for user in answered.iter().chain([&late]) {
        assert!(is_there(&again, user).await);
    }
    again.close().await;
}
