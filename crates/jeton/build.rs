//! Takes the indentation out of the OpenAPI documents, which are parsed with every Worker that starts.

use std::{env, fs, io, path::Path};

const DOCUMENTS: [&str; 2] = ["oauth.json", "management.json"];

fn main() -> io::Result<()> {
    let output = env::var_os("OUT_DIR").unwrap_or_default();
    for name in DOCUMENTS {
        let source = Path::new("src/endpoint/openapi").join(name);
        println!("cargo::rerun-if-changed={}", source.display());
        // A string of JSON has no line breaks.
        let text = fs::read_to_string(source)?;
        let text: String = text.lines().map(str::trim_start).collect();
        fs::write(Path::new(&output).join(name), text)?;
    }
    Ok(())
}
