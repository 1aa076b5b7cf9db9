//! Reads the YAML files below the given folders into memory and lets saphyr-parser find their events, nothing else: the
//! floor that grading is measured against. See docs/performance.md.

#![allow(clippy::print_stdout, reason = "an example prints its result")]

use std::path::{Path, PathBuf};

fn main() -> std::io::Result<()> {
    let mut files = Vec::new();
    for folder in std::env::args_os().skip(1) {
        collect(&PathBuf::from(folder), &mut files)?;
    }
    let mut events = 0_usize;
    for file in &files {
        let Ok(text) = std::fs::read_to_string(file) else { continue };
        events += saphyr_parser::Parser::new_from_str(&text).take_while(Result::is_ok).count();
    }
    println!("{} files, {events} events", files.len());
    Ok(())
}

fn collect(path: &Path, files: &mut Vec<PathBuf>) -> std::io::Result<()> {
    if path.is_dir() {
        for entry in std::fs::read_dir(path)? {
            collect(&entry?.path(), files)?;
        }
    } else if path.extension().is_some_and(|e| e == "yml" || e == "yaml") {
        files.push(path.to_path_buf());
    }
    Ok(())
}
