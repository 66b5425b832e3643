package org.invp.train;

import com.fasterxml.jackson.annotation.JsonProperty;

/**
 * What the whole run came to; the last line of {@code metrics.jsonl}. Accuracies are those of kNN
 * on the test images but where another set is named, null when not measured.
 *
 * @param last always true; marks the line
 * @param pixelKnn of the raw pixels
 * @param untrainedKnn of the network's embedding before training
 * @param embeddingKnn of the trained embedding
 * @param backboneKnn of the trained backbone's features
 * @param embeddingTop5 share of test images whose class is among the first five
 * @param backboneTop5 likewise for the backbone's features
 * @param seed the run's seed
 * @param mode the objective's mode
 * @param corruptImages how often, over all epochs, a training image was left out because it could
 *     not be read
 * @param heldOutEmbeddingKnn of the trained embedding on the images held out of training; null
 *     where none are
 * @param heldOutBackboneKnn likewise of the trained backbone's features
 */
public record FinalMetrics(
    @JsonProperty("final") boolean last,
    Double pixelKnn,
    Double untrainedKnn,
    Double embeddingKnn,
    Double backboneKnn,
    Double embeddingTop5,
    Double backboneTop5,
    long seed,
    String mode,
    long corruptImages,
    Double heldOutEmbeddingKnn,
    Double heldOutBackboneKnn) {}
