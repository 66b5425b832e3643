/* 16 rows of bytes turned on their side, so that one step does the same to 16 rows. */
#ifndef INVP_IMAGE_LANES_H
#define INVP_IMAGE_LANES_H

#include <cstdint>

namespace invp::image {

constexpr int kLanes = 16;

/*
 * columns[x][lane] = row(lane)[x] for x < count; rows beyond `rows` (1..16) repeat the last
 * one. `columns` has room for count rounded up to a multiple of 16.
 */
void to_columns(const uint8_t* pixels, int64_t row_stride, int rows, int64_t count,
                uint8_t* columns);

/* row(lane)[x] = columns[x][lane] for lane < rows. `columns` has room as above. */
void to_rows(const uint8_t* columns, int64_t count, int rows, int64_t row_stride, uint8_t* pixels);

}  // namespace invp::image

#endif
