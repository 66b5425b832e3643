/*
 * The network room's C ABI: residual networks, their gradients and SGD, on LibTorch.
 *
 * Every function returns a status of invp/status.h and gives its results through out-parameters;
 * invp_nn_last_error has the calling thread's message. Images, embeddings and gradients are
 * row-major float32 in host memory and belong to the caller. Handles are not thread-safe: one
 * thread at a time may use a network and the optimizers made for it.
 */
#ifndef INVP_NN_H
#define INVP_NN_H

#include <stdint.h>

#include "invp/status.h"

#ifdef __cplusplus
extern "C" {
#endif

#define INVP_NN_ABI_VERSION 1

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

#define INVP_NN_DEVICE_CPU 0

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
  int32_t device;         /* INVP_NN_DEVICE_CPU */
} invp_nn_network_options;

typedef struct invp_nn_network invp_nn_network;
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

/* F: the length of the backbone's features, after global average pooling. */
int32_t invp_nn_network_feature_dimension(const invp_nn_network* network, int64_t* dimension);

/*
 * Training mode: images [batch, channels, height, width] to embeddings [batch, dimension]. Batch
 * normalisation uses the batch's statistics and updates the running ones. What backward needs is
 * kept until backward, the next forward or the end of the network; the images are copied.
 */
int32_t invp_nn_network_forward(invp_nn_network* network, const float* images, int64_t batch,
                                int64_t height, int64_t width, float* embeddings);

/* Adds the parameters' gradients, given that of the last forward's embeddings [batch, dimension].
 */
int32_t invp_nn_network_backward(invp_nn_network* network, const float* gradient, int64_t batch);

/* Evaluation mode, changing nothing: features [batch, F] and embeddings [batch, dimension]; either
 * may be null. */
int32_t invp_nn_network_embed(invp_nn_network* network, const float* images, int64_t batch,
                              int64_t height, int64_t width, float* features, float* embeddings);

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
/* A parameter's gradient; zeros if there is none. */
int32_t invp_nn_network_gradient_read(const invp_nn_network* network, int64_t index, float* data,
                                      int64_t bytes);
int32_t invp_nn_network_clear_gradients(invp_nn_network* network);

/*
 * Stochastic gradient descent with PyTorch's semantics: g += weight_decay * p; the first step sets
 * the momentum buffer to g, later ones to momentum * buffer + g; nesterov adds momentum * buffer to
 * g instead of replacing it; p -= learning_rate * g.
 */
int32_t invp_nn_sgd_create(invp_nn_network* network, double momentum, double weight_decay,
                           int32_t nesterov, invp_nn_sgd** sgd);
int32_t invp_nn_sgd_destroy(invp_nn_sgd* sgd);
/* One step on all parameters; clears their gradients. */
int32_t invp_nn_sgd_step(invp_nn_sgd* sgd, double learning_rate);
/* 1 once there are momentum buffers: after the first step, or after a buffer was written. */
int32_t invp_nn_sgd_has_momentum(const invp_nn_sgd* sgd, int32_t* present);
/* Forgets the momentum buffers, as before the first step. */
int32_t invp_nn_sgd_clear_momentum(invp_nn_sgd* sgd);
/* The momentum buffer of the network's tensor `index`, which must be a parameter. Writing one makes
 * those not written yet zero. */
int32_t invp_nn_sgd_momentum_read(const invp_nn_sgd* sgd, int64_t index, float* data,
                                  int64_t bytes);
int32_t invp_nn_sgd_momentum_write(invp_nn_sgd* sgd, int64_t index, const float* data,
                                   int64_t bytes);

#ifdef __cplusplus
}
#endif

#endif
