/**
 * An expression for all digits of a FLOAT or DOUBLE, the same text on every server. FLOAT alone is shown with six
 * digits, an addition would lose the sign of -0, and MySQL 9.7 cuts what a calculation gives, `f * 1e0`, to 22
 * characters where a function takes it as a text. In JSON nothing is cut; `1.0` of MySQL is `1` in MariaDB. Pure.
 */
export const floatText = (sql: string): string => {
  const whole = `REPLACE(CAST(JSON_ARRAY(${sql} * 1e0) AS CHAR), '.0]', ']')`;
  return `TRIM(LEADING '[' FROM TRIM(TRAILING ']' FROM ${whole}))`;
};
