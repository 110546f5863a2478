//! What task tokens are authenticated with, and who gives them out.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use crate::config::Config;
use crate::host::Callbacks;
use crate::identity::{Issuer, MAX_NODE_BYTES, TOKEN_KEY_BYTES, TokenKey, unguessable};

/// The file in `state_dir` that has the key.
const KEY_FILE: &str = "callback-key";

/// Callbacks can't be taken.
#[derive(Debug, thiserror::Error)]
pub(in crate::cli) enum CallbackKeyError {
    #[error("the operating system gives no random bytes for task tokens")]
    NoRandomness,
    #[error(
        "the key of task tokens can't be kept in {}: {source}; let this user write there, or give a key: \
         [callbacks] key = {{ env = \"VARIABLE\" }}",
        file.display()
    )]
    Keep { file: PathBuf, source: io::Error },
}

/// How callbacks find the tasks of this process.
///
/// # Errors
/// There is no key, and none can be made.
pub(in crate::cli) fn callbacks(config: &Config) -> Result<Callbacks, CallbackKeyError> {
    let options = config.callbacks.as_ref();
    let key = match (options.and_then(|options| options.key.as_ref()), &config.workflows.state_dir) {
        (Some(key), _) => TokenKey::new(key.expose().as_bytes()),
        (None, Some(folder)) => {
            let file = folder.join(KEY_FILE);
            kept(&file)?
        }
        // Tokens from before a restart are then no tokens at all.
        (None, None) => TokenKey::new(&drawn()?),
    };
    let mut node = options.and_then(|options| options.node.clone()).unwrap_or_else(host_name);
    node.truncate(node.floor_char_boundary(MAX_NODE_BYTES));
    Ok(Callbacks::new(key, Issuer { node, process: u64::from_be_bytes(random()?) }))
}

fn random<const N: usize>() -> Result<[u8; N], CallbackKeyError> {
    unguessable().ok_or(CallbackKeyError::NoRandomness)
}

fn drawn() -> Result<[u8; TOKEN_KEY_BYTES], CallbackKeyError> {
    random()
}

/// The key that the file has; one is made where there is none.
fn kept(file: &Path) -> Result<TokenKey, CallbackKeyError> {
    let failed = |source| CallbackKeyError::Keep { file: file.to_owned(), source };
    match read(file) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        read => return read.map_err(failed),
    }
    let key: String = drawn()?.iter().map(|byte| format!("{byte:02x}")).collect();
    // Written aside, so that nobody reads half of it; who comes second takes the first one's.
    let aside = file.with_extension(std::process::id().to_string());
    let write = || {
        fs::create_dir_all(file.parent().unwrap_or(Path::new("")))?;
        let mut out = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&aside)?;
        out.write_all(key.as_bytes())?;
        out.sync_all()?;
        match fs::hard_link(&aside, file) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
            _ => Ok(()),
        }
    };
    let written = write();
    // What is left of it is of no use.
    fs::remove_file(&aside).ok();
    written.and_then(|()| read(file)).map_err(failed)
}

fn read(file: &Path) -> io::Result<TokenKey> {
    let key = fs::read(file)?;
    if key.len() != 2 * TOKEN_KEY_BYTES {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "it is damaged: remove it, and a new key is made"));
    }
    Ok(TokenKey::new(&key))
}

/// The name of this machine, as far as it has one.
fn host_name() -> String {
    let name = fs::read_to_string("/proc/sys/kernel/hostname").ok();
    let name = name.or_else(|| std::env::var("HOSTNAME").ok());
    name.map(|name| name.trim().to_owned()).filter(|name| !name.is_empty()).unwrap_or_else(|| "stepstream".to_owned())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;
    use crate::identity::{Token, TokenCall, TokenMaker};

    #[test]
    fn a_key_that_is_kept_is_the_same_after_a_restart_and_nobody_else_may_read_it() {
        let folder = std::env::temp_dir().join(format!("stepstream-callback-key-{}", std::process::id()));
        let file = folder.join(KEY_FILE);
        let first = kept(&file).expect("a key is made");
        let second = kept(&file).expect("it is kept");
        let issuer = Issuer { node: "n".to_owned(), process: 1 };
        let token = TokenMaker::new(first, issuer, 0).token(TokenCall { execution: 1, call: 1 }, "arn");
        assert!(Token::read(&token, &second).is_some(), "it is the same key");
        let mode = fs::metadata(&file).expect("the file is there").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        let names: Vec<_> =
            fs::read_dir(&folder).expect("the folder").map(|entry| entry.expect("one").file_name()).collect();
        assert_eq!(names, [KEY_FILE], "nothing else is left");
        fs::write(&file, "half of i").expect("it can be written");
        let error = kept(&file).expect_err("it is damaged").to_string();
        assert!(error.contains("damaged") && error.contains(KEY_FILE), "{error}");
        fs::remove_dir_all(&folder).ok();
    }
}
