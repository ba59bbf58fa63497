//! Whether strangers may read or write a store.

use std::path::Path;

/// Warns of an SQLite file that users may read or write who are neither its owner nor of its group. A group
/// is somebody's choice, as for backups.
pub(crate) fn warn_of_strangers(command: &str, data: &str) {
    if is_open_to_everybody(Path::new(data)) {
        eprintln!(
            "{command}: WARNING: JETON_DATA: every user of this machine may read or write {data}; chmod 600"
        );
    }
}

#[cfg(unix)]
fn is_open_to_everybody(file: &Path) -> bool {
    use std::{fs, os::unix::fs::PermissionsExt};

    fs::metadata(file).is_ok_and(|metadata| metadata.permissions().mode() & 0o006 != 0)
}

#[cfg(not(unix))]
fn is_open_to_everybody(_: &Path) -> bool {
    false
}
