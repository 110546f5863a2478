//! Where modules are: one convention, so that nobody has to look in two places.

use crate::{root, sources};

#[test]
fn a_module_with_files_of_its_own_is_a_folder() {
    for file in sources() {
        let folder = root().join(file.name.trim_end_matches(".rs"));
        let has_modules = std::fs::read_dir(&folder).is_ok_and(|mut entries| {
            entries.any(|entry| entry.is_ok_and(|entry| entry.path().extension().is_some_and(|it| it == "rs")))
        });
        let name = &file.name;
        assert!(!has_modules, "{name}: make it {}/mod.rs, beside its files", name.trim_end_matches(".rs"));
    }
}
