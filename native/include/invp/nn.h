/*
 * The network room's C ABI: residual networks, linear classifiers, their gradients and SGD, on
 * LibTorch.
 *
 * Every function returns a status of invp/status.h and gives its results through out-parameters;
 * invp_nn_last_error has the calling thread's message. Images, embeddings and gradients are
 * row-major float32 and belong to the caller; they lie in host memory except where a network on a
 * CUDA device says otherwise. Handles are not thread-safe: one thread at a time may use a network
 * or a classifier and the optimizers made for it.
 */
#ifndef INVP_NN_H
#define INVP_NN_H

#include <stdint.h>

#include "invp/status.h"

#ifdef __cplusplus
extern "C" {
#endif

#define INVP_NN_ABI_VERSION 4

/* Stems: 7x7 convolution with stride 2 and max-pooling, or 3x3 with stride 1 and no pooling. */
#define INVP_NN_STEM_IMAGENET 0
#define INVP_NN_STEM_CIFAR 1

/* Heads: one linear layer, or linear - ReLU - linear. */
#define INVP_NN_HEAD_LINEAR 0
#define INVP_NN_HEAD_MLP 1

/* Kaiming normal (fan-out, ReLU) convolutions and Xavier uniform linear layers without bias, or
 * what PyTorch's layers start with: uniform within 1 / sqrt(fan-in). */
#define INVP_NN_INITIALISATION_KAIMING 0
#define INVP_NN_INITIALISATION_DEFAULT 1

/* A CUDA device needs the library's CUDA build and LibTorch's. */
#define INVP_NN_DEVICE_CPU 0
#define INVP_NN_DEVICE_CUDA 1

/*
 * What convolutions compute in. Parameters, batch normalisation, the head, embeddings, features and
 * gradients are float32 in any case; BFLOAT16 and FLOAT16 are LibTorch's autocast of the backbone,
 * in training by the embeddings' gradient and in evaluation. FLOAT16 runs on CUDA devices only, and
 * scales gradients (invp_nn_network_loss_scale). Training on labels computes in float32.
 */
#define INVP_NN_PRECISION_FLOAT32 0
#define INVP_NN_PRECISION_BFLOAT16 1
#define INVP_NN_PRECISION_FLOAT16 2

/* What batch normalisation does while a whole network is trained on labels: normalise by the batch
 * and move the running statistics, or normalise by these and leave them. Its weights and biases are
 * trained in both cases. */
#define INVP_NN_STATISTICS_BATCH 0
#define INVP_NN_STATISTICS_RUNNING 1

/*
 * What a classifier does to its inputs. NONE: nothing. AFFINE: a trained scale and shift per input
 * after division by sqrt(1 + 1e-5), which is batch normalisation held in evaluation mode from its
 * start. BATCH: batch normalisation without trained parameters, by the batch in training and by
 * the running statistics in evaluation.
 */
#define INVP_NN_INPUTS_NONE 0
#define INVP_NN_INPUTS_AFFINE 1
#define INVP_NN_INPUTS_BATCH 2

/* Element types of a network's tensors. */
#define INVP_NN_FLOAT32 0
#define INVP_NN_INT64 1

/* The longest shape of a tensor. */
#define INVP_NN_MAX_RANK 8

typedef struct invp_nn_network_options {
  int32_t architecture; /* layers: 18, 34, 50, 101 or 152 */
  int32_t stem;         /* INVP_NN_STEM_* */
  int32_t channels;     /* of the images, at least 1 */
  int32_t width;        /* channels of the first stage; 64 as published */
  int32_t dimension;    /* of the embeddings, at least 1 */
  int32_t head;         /* INVP_NN_HEAD_* */
  int32_t head_hidden;  /* hidden units of an MLP head, at least 1; ignored for a linear one */
  int32_t
      head_batch_norm; /* 0 or 1: batch normalisation after each linear layer, which has no bias */
  int32_t initialisation; /* INVP_NN_INITIALISATION_* */
  int32_t device;         /* INVP_NN_DEVICE_* */
  int32_t device_index;   /* CUDA's number of the device, from 0; 0 for the CPU */
  int32_t precision;      /* INVP_NN_PRECISION_* */
} invp_nn_network_options;

typedef struct invp_nn_classifier_options {
  int64_t inputs;        /* numbers per image, at least 1 */
  int32_t classes;       /* at least 1 */
  int32_t normalisation; /* INVP_NN_INPUTS_* */
  double deviation; /* weights start normal with it and biases at zero; 0: as PyTorch's layers */
} invp_nn_classifier_options;

typedef struct invp_nn_network invp_nn_network;
typedef struct invp_nn_classifier invp_nn_classifier;
typedef struct invp_nn_sgd invp_nn_sgd;

int32_t invp_nn_abi_version(void);

/* Text functions fill a buffer, always terminated, and return the text's full length in bytes. */
int64_t invp_nn_last_error(char* buffer, int64_t capacity);
int64_t invp_nn_build_info(char* buffer, int64_t capacity);
/* The version of LibTorch that is loaded now; the pinned one is in the build info. */
int64_t invp_nn_libtorch_version(char* buffer, int64_t capacity);
/* The instruction set that LibTorch's kernels use here, such as AVX512. */
int64_t invp_nn_cpu_capability(char* buffer, int64_t capacity);

/* Threads of every later computation in the process, whichever thread asks for it; at least 1. */
int32_t invp_nn_set_threads(int32_t threads);
int32_t invp_nn_threads(int32_t* threads);

/* Makes a network with weights drawn from the seed alone. */
int32_t invp_nn_network_create(const invp_nn_network_options* options, uint64_t seed,
                               invp_nn_network** network);
/* Null is allowed. Destroy a network's optimizers before it. */
int32_t invp_nn_network_destroy(invp_nn_network* network);

/*
 * A network on a CUDA device, and its optimizers, queue all their work on this stream of that
 * device from now on (a cudaStream_t, the caller's, which outlives the network); null, as at the
 * start, stands for LibTorch's own current stream. An error on the CPU unless null.
 */
int32_t invp_nn_network_set_stream(invp_nn_network* network, void* stream);

/* F: the length of the backbone's features, after global average pooling. */
int32_t invp_nn_network_feature_dimension(const invp_nn_network* network, int64_t* dimension);

/*
 * Training mode: images [batch, channels, height, width] to embeddings [batch, dimension]. Batch
 * normalisation uses the batch's statistics and updates the running ones. What backward needs is
 * kept until backward, the next forward or the end of the network; the images are copied. For a
 * network on a CUDA device `embeddings` is memory of that device, written in the stream's order;
 * the call does not wait for it.
 */
int32_t invp_nn_network_forward(invp_nn_network* network, const float* images, int64_t batch,
                                int64_t height, int64_t width, float* embeddings);

/* Adds the parameters' gradients, given that of the last forward's embeddings [batch, dimension],
 * on a CUDA device in memory of that device, read in the stream's order. */
int32_t invp_nn_network_backward(invp_nn_network* network, const float* gradient, int64_t batch);

/* Evaluation mode, changing nothing: features [batch, F] and embeddings [batch, dimension]; either
 * may be null. */
int32_t invp_nn_network_embed(invp_nn_network* network, const float* images, int64_t batch,
                              int64_t height, int64_t width, float* features, float* embeddings);

/*
 * Where features can be taken inside the backbone: block 0 is the stem, pooling included, then come
 * the residual blocks. The output of a block has `channels` channels, and the sides of the images
 * divided by `reduction`, rounded up. `name` is torchvision's, such as layer1.0, or stem; it may be
 * null.
 */
int32_t invp_nn_network_block_count(const invp_nn_network* network, int64_t* count);
int32_t invp_nn_network_block_info(const invp_nn_network* network, int64_t index, char* name,
                                   int64_t name_capacity, int64_t* channels, int64_t* reduction);

/*
 * Evaluation mode, changing nothing: the blocks' outputs, each pooled adaptively to pool[block] x
 * pool[block] by averages and flattened. `pool` has an entry for every block; 0 leaves a block out.
 * `features` receives, one after the other, [batch, channels * pool * pool] of each block wanted;
 * `floats` is the length of all of them.
 */
int32_t invp_nn_network_block_features(invp_nn_network* network, const float* images, int64_t batch,
                                       int64_t height, int64_t width, const int32_t* pool,
                                       int64_t blocks, float* features, int64_t floats);

/*
 * Parameters and buffers, in PyTorch's order and under torchvision's names. `name` may be null;
 * `shape` has room for INVP_NN_MAX_RANK extents; `trainable` is 1 for a parameter, 0 for a buffer.
 */
int32_t invp_nn_network_tensor_count(const invp_nn_network* network, int64_t* count);
int32_t invp_nn_network_tensor_info(const invp_nn_network* network, int64_t index, char* name,
                                    int64_t name_capacity, int32_t* dtype, int32_t* rank,
                                    int64_t* shape, int32_t* trainable);
/* Copies out and in, row-major whatever the layout inside; `bytes` must be the tensor's size. */
int32_t invp_nn_network_tensor_read(const invp_nn_network* network, int64_t index, void* data,
                                    int64_t bytes);
int32_t invp_nn_network_tensor_write(invp_nn_network* network, int64_t index, const void* data,
                                     int64_t bytes);
/* A parameter's gradient, with backward's loss scale taken out; zeros if there is none. */
int32_t invp_nn_network_gradient_read(const invp_nn_network* network, int64_t index, float* data,
                                      int64_t bytes);
int32_t invp_nn_network_clear_gradients(invp_nn_network* network);

/*
 * FLOAT16 alone: what the embeddings' gradient is multiplied by before backward, so that small
 * gradients do not vanish in half precision; invp_nn_sgd_step divides by it. As
 * torch.amp.GradScaler: a step whose gradients are not all finite changes no parameter and halves
 * the scale, and 2000 steps in a row that change them double it. `good_steps` is the number in a
 * row so far. 1 and 0 for other precisions, for which setting is an error. To be kept with a
 * checkpoint.
 */
int32_t invp_nn_network_loss_scale(const invp_nn_network* network, float* scale,
                                   int32_t* good_steps);
int32_t invp_nn_network_set_loss_scale(invp_nn_network* network, float scale, int32_t good_steps);

/*
 * A linear classifier: inputs [batch, inputs], perhaps normalised, to logits [batch, classes]. Its
 * tensors are weight [classes, inputs], bias [classes] and, with normalisation, norm.weight and
 * norm.bias or norm.running_mean and norm.running_var, [inputs] each.
 */
int32_t invp_nn_classifier_create(const invp_nn_classifier_options* options, uint64_t seed,
                                  invp_nn_classifier** classifier);
/* Null is allowed. Destroy a classifier's optimizers before it. */
int32_t invp_nn_classifier_destroy(invp_nn_classifier* classifier);

/* Evaluation mode, changing nothing. */
int32_t invp_nn_classifier_logits(const invp_nn_classifier* classifier, const float* inputs,
                                  int64_t batch, float* logits);

/*
 * Training mode: adds the gradients of the cross entropy, the mean over the batch of -log softmax
 * at the label. `labels` [batch] are classes from 0; `logits`, those of training mode, may be null.
 */
int32_t invp_nn_classifier_cross_entropy(invp_nn_classifier* classifier, const float* inputs,
                                         int64_t batch, const int32_t* labels, float* logits,
                                         double* loss);

/*
 * Training mode, for images of several classes: adds the gradients of the binary cross entropy of
 * the sigmoids, summed over classes and averaged over the batch. `targets` [batch, classes] are 1
 * (present), 0 (absent) or -1 (adds nothing); `logits` may be null.
 */
int32_t invp_nn_classifier_binary_cross_entropy(invp_nn_classifier* classifier, const float* inputs,
                                                int64_t batch, const int32_t* targets,
                                                float* logits, double* loss);

/* As the functions of the same names for networks. */
int32_t invp_nn_classifier_tensor_count(const invp_nn_classifier* classifier, int64_t* count);
int32_t invp_nn_classifier_tensor_info(const invp_nn_classifier* classifier, int64_t index,
                                       char* name, int64_t name_capacity, int32_t* dtype,
                                       int32_t* rank, int64_t* shape, int32_t* trainable);
int32_t invp_nn_classifier_tensor_read(const invp_nn_classifier* classifier, int64_t index,
                                       void* data, int64_t bytes);
int32_t invp_nn_classifier_tensor_write(invp_nn_classifier* classifier, int64_t index,
                                        const void* data, int64_t bytes);
int32_t invp_nn_classifier_gradient_read(const invp_nn_classifier* classifier, int64_t index,
                                         float* data, int64_t bytes);
int32_t invp_nn_classifier_clear_gradients(invp_nn_classifier* classifier);

/*
 * Trains a whole network on labels: features of the images, logits of the classifier, which takes F
 * inputs, and the gradients of the cross entropy, added to the classifier's parameters and to the
 * backbone's; the network's own head has no part in it. The network's images and labels are host
 * memory on any device, and the classifier computes on the CPU. `statistics` is
 * INVP_NN_STATISTICS_*; `labels`, `logits` and `loss` are as for invp_nn_classifier_cross_entropy.
 */
int32_t invp_nn_network_cross_entropy(invp_nn_network* network, invp_nn_classifier* classifier,
                                      const float* images, int64_t batch, int64_t height,
                                      int64_t width, const int32_t* labels, int32_t statistics,
                                      float* logits, double* loss);

/*
 * Stochastic gradient descent with PyTorch's semantics: g += weight_decay * p; the first step sets
 * the momentum buffer to g, later ones to momentum * buffer + g; nesterov adds momentum * buffer to
 * g instead of replacing it; p -= learning_rate * g.
 */
int32_t invp_nn_sgd_create(invp_nn_network* network, double momentum, double weight_decay,
                           int32_t nesterov, invp_nn_sgd** sgd);
/* On the backbone's parameters alone, without the head's. */
int32_t invp_nn_sgd_create_backbone(invp_nn_network* network, double momentum, double weight_decay,
                                    int32_t nesterov, invp_nn_sgd** sgd);
int32_t invp_nn_sgd_create_classifier(invp_nn_classifier* classifier, double momentum,
                                      double weight_decay, int32_t nesterov, invp_nn_sgd** sgd);
int32_t invp_nn_sgd_destroy(invp_nn_sgd* sgd);
/* One step on all its parameters; clears their gradients. */
int32_t invp_nn_sgd_step(invp_nn_sgd* sgd, double learning_rate);
/* 1 once there are momentum buffers: after the first step, or after a buffer was written. */
int32_t invp_nn_sgd_has_momentum(const invp_nn_sgd* sgd, int32_t* present);
/* Forgets the momentum buffers, as before the first step. */
int32_t invp_nn_sgd_clear_momentum(invp_nn_sgd* sgd);
/* The momentum buffer of the network's or classifier's tensor `index`, which must be a parameter.
 * Writing one makes those not written yet zero. */
int32_t invp_nn_sgd_momentum_read(const invp_nn_sgd* sgd, int64_t index, float* data,
                                  int64_t bytes);
int32_t invp_nn_sgd_momentum_write(invp_nn_sgd* sgd, int64_t index, const float* data,
                                   int64_t bytes);

#ifdef __cplusplus
}
#endif

#endif
