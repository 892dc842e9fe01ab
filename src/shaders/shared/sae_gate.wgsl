// Whether a latent with product p = s · W_enc[:, f] is active, and its activation. Per latent (bias of the gate, threshold,
// scale and bias of the magnitude): ReLU, JumpReLU and gated encoders differ in these four numbers only.
fn magnitude(p: f32, gate: vec4f) -> f32 { return p * gate.z + gate.w; }
fn is_active(p: f32, gate: vec4f) -> bool { return p + gate.x > gate.y && magnitude(p, gate) > 0.0; } // false for NaN
