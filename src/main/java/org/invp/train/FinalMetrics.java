package org.invp.train;

import com.fasterxml.jackson.annotation.JsonProperty;
import java.util.SortedMap;

/**
 * What the whole run came to; the last line of {@code metrics.jsonl}. Accuracies are those of kNN
 * on the test images but where another set is named, shares in [0, 1] at {@code evaluation.k}, null
 * when not measured, as without labels or a test set. Those by k are at {@code evaluation.k} and
 * every {@code evaluation.also_k}.
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
 * @param pixelKnnByK of the raw pixels
 * @param untrainedKnnByK of the network's embedding before training
 * @param untrainedBackboneKnnByK of its backbone's features before training
 * @param embeddingKnnByK of the trained embedding
 * @param backboneKnnByK of the trained backbone's features
 * @param heldOutEmbeddingKnn of the trained embedding on the images held out of training; null
 *     where none are
 * @param heldOutBackboneKnn likewise of the trained backbone's features
 * @param heldOutEmbeddingKnnByK as {@code heldOutEmbeddingKnn}
 * @param heldOutBackboneKnnByK as {@code heldOutBackboneKnn}
 * @param classes how many classes both training and test images show; with fewer than 2 no accuracy
 *     says anything
 * @param embeddingAbstained how many test images the trained embedding gave no class, since no
 *     neighbour was labelled; null for none
 * @param unreadableTestImages how many test images could not be read and were left out; null for
 *     none
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
    SortedMap<Integer, Double> pixelKnnByK,
    SortedMap<Integer, Double> untrainedKnnByK,
    SortedMap<Integer, Double> untrainedBackboneKnnByK,
    SortedMap<Integer, Double> embeddingKnnByK,
    SortedMap<Integer, Double> backboneKnnByK,
    Double heldOutEmbeddingKnn,
    Double heldOutBackboneKnn,
    SortedMap<Integer, Double> heldOutEmbeddingKnnByK,
    SortedMap<Integer, Double> heldOutBackboneKnnByK,
    int classes,
    Integer embeddingAbstained,
    Integer unreadableTestImages) {}
