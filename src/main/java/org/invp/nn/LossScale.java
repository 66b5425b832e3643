package org.invp.nn;

/**
 * What gradients are multiplied by in half precision, as of {@code torch.amp.GradScaler}.
 *
 * @param scale positive and finite; 1 where there is none
 * @param goodSteps steps in a row that changed weights since the scale last changed
 */
public record LossScale(float scale, int goodSteps) {}
