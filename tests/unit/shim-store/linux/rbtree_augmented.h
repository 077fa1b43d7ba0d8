/* SPDX-License-Identifier: GPL-2.0 */
/*
 * As much of the kernel's trees as src/iosched/order.c needs. They are not balanced: what
 * is put in at random is, as good as.
 */
#ifndef SHIM_RBTREE_AUGMENTED_H
#define SHIM_RBTREE_AUGMENTED_H

#include <shim_store.h>

struct rb_node { struct rb_node *rb_left, *rb_right, *parent; };
struct rb_root { struct rb_node *rb_node; };
struct rb_root_cached { struct rb_root rb_root; };
struct rb_augment_callbacks {
	void (*propagate)(struct rb_node *node, struct rb_node *stop);
	void (*copy)(struct rb_node *old, struct rb_node *new);
};

#define RB_ROOT_CACHED ((struct rb_root_cached){ { NULL } })
#define RB_CLEAR_NODE(node) ((node)->parent = (node))
#define rb_entry(p, type, member) container_of(p, type, member)

#define RB_DECLARE_CALLBACKS(linkage, name, type, field, augmented, compute)	\
linkage void name##_propagate(struct rb_node *node, struct rb_node *stop)	\
{									\
	for (; node != stop; node = node->parent)			\
		if (compute(rb_entry(node, type, field), true))		\
			break;						\
}									\
linkage void name##_copy(struct rb_node *old, struct rb_node *new)	\
{									\
	rb_entry(new, type, field)->augmented = rb_entry(old, type, field)->augmented; \
}									\
linkage const struct rb_augment_callbacks name = { name##_propagate, name##_copy };

static inline void rb_link_node(struct rb_node *node, struct rb_node *parent,
				struct rb_node **link)
{
	*node = (struct rb_node){ .parent = parent };
	*link = node;
}

static inline void rb_insert_augmented(struct rb_node *node, struct rb_root *root,
				       const struct rb_augment_callbacks *callbacks)
{
}

static inline void shim_rb_replace(struct rb_root *root, struct rb_node *old,
				   struct rb_node *new)
{
	if (!old->parent)
		root->rb_node = new;
	else if (old->parent->rb_left == old)
		old->parent->rb_left = new;
	else
		old->parent->rb_right = new;
	if (new)
		new->parent = old->parent;
}

/* As __rb_erase_augmented(): what is above the lowest change is looked at last. */
static inline void rb_erase_augmented(struct rb_node *node, struct rb_root *root,
				      const struct rb_augment_callbacks *callbacks)
{
	struct rb_node *next = node->rb_right, *lowest = node->parent;

	if (!node->rb_left || !node->rb_right) {
		shim_rb_replace(root, node, node->rb_left ?: node->rb_right);
		callbacks->propagate(lowest, NULL);
		return;
	}
	while (next->rb_left)
		next = next->rb_left;
	lowest = next->parent == node ? next : next->parent;
	if (next->parent != node) {
		shim_rb_replace(root, next, next->rb_right);
		next->rb_right = node->rb_right;
		next->rb_right->parent = next;
	}
	next->rb_left = node->rb_left;
	next->rb_left->parent = next;
	shim_rb_replace(root, node, next);
	callbacks->copy(node, next);
	callbacks->propagate(lowest, next);
	callbacks->propagate(next, NULL);
}

static inline void rb_add_cached(struct rb_node *node, struct rb_root_cached *tree,
				 bool (*less)(struct rb_node *, const struct rb_node *))
{
	struct rb_node **link = &tree->rb_root.rb_node, *parent = NULL;

	while (*link) {
		parent = *link;
		link = less(node, parent) ? &parent->rb_left : &parent->rb_right;
	}
	rb_link_node(node, parent, link);
}

static inline void shim_rb_nothing(struct rb_node *one, struct rb_node *other)
{
}

static inline void rb_erase_cached(struct rb_node *node, struct rb_root_cached *tree)
{
	const struct rb_augment_callbacks none = { shim_rb_nothing, shim_rb_nothing };

	rb_erase_augmented(node, &tree->rb_root, &none);
}

static inline struct rb_node *rb_first_cached(const struct rb_root_cached *tree)
{
	struct rb_node *node = tree->rb_root.rb_node;

	while (node && node->rb_left)
		node = node->rb_left;
	return node;
}

#endif
