//! Writes the first inputs of every fuzz target to `fuzz/corpus/`.

mod bodies;
mod seeds;

use std::path::Path;

fn main() -> std::io::Result<()> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    for (name, _) in bodies::TARGETS {
        let folder = here.join("corpus").join(name);
        std::fs::create_dir_all(&folder)?;
        let inputs = seeds::of(name, &here.join("../fixtures"));
        for (number, input) in inputs.iter().enumerate() {
            std::fs::write(folder.join(format!("seed-{number:04}")), input)?;
        }
        println!("{name}: {} inputs", inputs.len());
    }
    Ok(())
}
