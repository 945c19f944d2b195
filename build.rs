//! Tells cargo to look again when the console was built anew.
//!
//! A release embeds what lies in `console/dist`. Cargo follows each file that was embedded, and does not know of one that
//! came to be since: the first build of the console after one of patchbay would go unnoticed. So the directory itself is
//! watched. It is there in every clone, since its `.gitignore` is committed: cargo takes a path that is missing for one
//! that has changed, each time. A debug build reads the files where they lie and need not be made again for them.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    if std::env::var_os("PROFILE").is_some_and(|profile| profile == "release") {
        println!("cargo::rerun-if-changed=console/dist");
    }
}
