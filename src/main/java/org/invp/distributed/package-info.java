/** Several processes that train one network: who they are, and what they exchange. */
package org.invp.distributed;
