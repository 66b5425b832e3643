package org.invp.data;

import org.invp.tensor.FloatTensor;
import org.invp.tensor.IntTensor;

/**
 * A batch of a {@link DataLoader}, valid until the loader's next call of {@code next}, {@code
 * start} or {@code close}.
 *
 * @param images [size, channels, height, width], owned by the loader
 * @param indices [size], each image's index in the data set; owned by the loader. At evaluation
 *     they ascend, with gaps where images could not be read
 * @param size how many images, perhaps none; less than the loader's batch size only in the last
 *     batch, where corrupt ones were left out, and in a {@linkplain BatchPart part} of a batch
 * @param corrupt how many images could not be read and were left out
 */
public record Batch(FloatTensor images, IntTensor indices, int size, int corrupt) {}
