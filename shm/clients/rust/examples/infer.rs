//! Calls a model with 256 numbers: `cargo run --example infer -- engine sentiment`.

use std::time::Duration;

use foundation_shm::{Client, Options, Status, Tensor};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let endpoint = arguments.next().unwrap_or_else(|| "engine".into());
    let model = arguments.next().unwrap_or_else(|| "sentiment".into());
    let client = Client::open(&endpoint, Options::default())?;
    let values: Vec<f32> = (0..256).map(|i| i as f32 / 256.0).collect();
    let input = Tensor::of(&values, &[1, 256])?;
    match client.infer_within(Duration::from_millis(500), &model, &[(&input).into()]) {
        Ok(answer) => println!(
            "{:?} ({} ns in the model)",
            answer.outputs[0].values::<f32>()?,
            answer.model_ns
        ),
        Err(error) if error.status() == Some(Status::UnknownModel) => {
            println!("{error}; known: {}", client.models_json()?)
        }
        Err(error) => return Err(error.into()),
    }
    Ok(())
}
